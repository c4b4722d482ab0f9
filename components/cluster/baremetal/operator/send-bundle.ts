// @ts-nocheck
// Brings a machine its part of the offline bundle; what it has already is not sent again.
import { openBundle } from "./archive";
import { architecture, partsFor } from "./bundle";
import { acceptTasks, lackingTasks, receiveCommand } from "../machine/bundle";
import { renderScript } from "../machine/script";

export async function sendBundle(connection, { bundle, tainted }, node) {
    const directory = await openBundle(bundle);
    const said = await connection.run(node, '. /etc/os-release; echo "$ID-$VERSION_ID $(uname -m)"');
    const [os, machine] = said.trim().split(" ");
    const parts = partsFor(directory, `${os}-${architecture(machine)}`, { ...node, tainted });
    const lacking = (await connection.run(node, renderScript(lackingTasks(parts)))).split("\n").filter(Boolean);
    if (lacking.length > 0) {
        const archive = { program: "tar", args: ["-c", "-f", "-", "-C", directory, ...lacking] };
        await connection.run(node, archive, receiveCommand);
    }
    await connection.run(node, renderScript(acceptTasks(parts)));
}
