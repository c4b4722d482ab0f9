// @ts-nocheck
import { fail } from "../../scripts/process";
import { describeFailure } from "./ssh";
import { askBoot, rebootTasks } from "../machine/patch";
import { renderScript } from "../machine/script";

/** How long a machine may take to be back, and the pause between two looks, in seconds. */
const back = { within: 900, pause: 5 };

/** Reboots a machine, and returns when it is back; `since` names the time since its last start. */
export async function reboot(connection, node, since, reasons) {
    const asked = await connection.attempt(node, renderScript(rebootTasks(since, reasons)));
    // What ends with the machine is no failure: the connection, or the script by a signal.
    if (!asked.ok && asked.code < 128) fail(describeFailure(node, asked));
    const end = Date.now() + back.within * 1000;
    let answer;
    do {
        await new Promise(resolve => setTimeout(resolve, back.pause * 1000));
        answer = await connection.attempt(node, askBoot);
        if (answer.ok && answer.stdout.trim() !== since) return;
    } while (Date.now() < end);
    const seen = answer.ok ? "It still runs as before." : describeFailure(node, answer);
    fail(`${node.name} (${node.host}) was rebooted and is not back after ${back.within / 60} minutes. The nodes after ` +
        `it were not touched. Look at the machine; once it is up, run this again: it goes on from there.\n${seen}`);
}
