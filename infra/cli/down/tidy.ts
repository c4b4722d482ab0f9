import * as fs from "node:fs";
import * as path from "node:path";
import { nodeArguments } from "../../../components/project";
import type { ClusterSettings } from "../../config";
import { stopDocker } from "../../offline/kit";
import { run } from "../../offline/kit/run";
import { removeImages, removeKindNetwork } from "../computer/docker";
import {
    configFile, home, knownStacks, readRecord, removeEmpty, root, stackFile, stackFiles, StackRecord,
} from "../stack/home";
import { hasSecrets, passphraseFile, removeSalt } from "../stack/passphrase";
import type { Terminal } from "../terminal";

/**
 * Removes what `npm start` created besides the stack. What stacks share is removed with the last one. `keepData` keeps
 * what the next start needs to use the data again.
 */
export async function tidy(
    stack: string, cluster: ClusterSettings | undefined, keepData: boolean, terminal: Terminal,
): Promise<void> {
    const record = readRecord(stack);
    if (cluster) await removeUnfinishedCluster(stack, cluster);
    if (!keepData) removeFiles(stack);
    const others = knownStacks().filter(other => other !== stack);
    if (others.length > 0) terminal.line(`What it shared with other stacks (${others.join(", ")}) stays.`);
    if (record) await removeOwnImages(record, others, terminal);
    if (others.length === 0 && !keepData) removePassphrase(terminal);
    if (record?.network && (await removeKindNetwork())) terminal.line("Removed Docker's network kind.");
    await stopDocker();
    removeEmpty(path.join(home(), stack), home());
}

function removeFiles(stack: string): void {
    for (const name of stackFiles) fs.rmSync(stackFile(stack, name), { recursive: true, force: true });
    if (!hasSecrets(configFile(stack))) removeSalt(configFile(stack));
}

/** An interrupted start may have left a cluster that isn't in the state. The script deletes only the stack's own. */
async function removeUnfinishedCluster(stack: string, cluster: ClusterSettings): Promise<void> {
    const local = cluster.target === "kind" || cluster.target === "minikube";
    if (!local || !fs.existsSync(path.join(home(), cluster.name))) return;
    const script = path.join(root, "components", "cluster", cluster.target, "delete.ts");
    await run(process.execPath, [...nodeArguments(script), script], {
        env: { CLUSTER_NAME: cluster.name, CLUSTER_OWNER: `landfall/${stack}` },
    });
}

/** Two stacks with the same sources have the same images. */
async function removeOwnImages({ images }: StackRecord, others: string[], terminal: Terminal): Promise<void> {
    const shared = new Set(others.flatMap(other => readRecord(other)?.images ?? []));
    const removed = await removeImages(images.filter(image => !shared.has(image)));
    if (removed.length > 0) terminal.line(`Removed the images that it had built: ${removed.join(", ")}.`);
}

/** Keeps the passphrase while any stack's file contains secrets, because nothing else can decrypt them. */
function removePassphrase(terminal: Terminal): void {
    if (!fs.existsSync(passphraseFile())) return;
    const files = fs.readdirSync(root).filter(name => /^Pulumi\..+\.yaml$/.test(name));
    const needing = files.filter(name => hasSecrets(path.join(root, name)));
    if (needing.length === 0) {
        fs.rmSync(passphraseFile());
    } else {
        terminal.line(`The passphrase ${passphraseFile()} stays, as secrets in ${needing.join(", ")} need it.`);
    }
}
