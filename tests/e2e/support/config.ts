import * as fs from "node:fs";
import * as path from "node:path";
import * as yaml from "yaml";
import { names, root } from "./names";

/** The part of a stack's file that the tests change. */
export interface StackConfig {
    "landfall:cluster": Record<string, unknown>;
    "landfall:environment": Record<string, unknown>;
    "landfall:logs": Record<string, unknown>;
    "landfall:app": {
        title?: string;
        web: { replicas: { min: number; max: number }; memory?: { request: string; limit: string } };
        database: Record<string, unknown>;
    };
}

/** Fewer than usual, so that a test can open more; on kind, all that come from this computer share them. */
export const clientConnections = 256;

const file = path.join(root, `Pulumi.${names.stack}.yaml`);

/** The suite's stack file as it was first written, for files that run beside those that change it. */
export function firstConfig(directory: string): string {
    return path.join(directory, path.basename(file));
}

/** Writes the suite's stack file: the dev stack's settings, under names and ports of its own. */
export function writeConfig(directory: string): void {
    const dev = yaml.parse(fs.readFileSync(path.join(root, "Pulumi.dev.yaml"), "utf8")) as { config: StackConfig };
    const { http, https, podSubnet, serviceSubnet } = names;
    const config = {
        ...dev.config,
        "landfall:cluster": {
            ...dev.config["landfall:cluster"],
            target: "kind", nodes: 2, name: names.cluster, http, https, podSubnet, serviceSubnet,
        },
        "landfall:environment": { name: names.environment, host: names.host },
        "landfall:logs": { keepDays: 7 },
        "landfall:gateway": { clientConnections },
    };
    config["landfall:app"].web.replicas = { min: 2, max: 5 };
    write(yaml.stringify({ config }));
    fs.copyFileSync(file, firstConfig(directory));
}

/** Changes the stack's file as a user would by an editor: what Pulumi keeps in it stays. Returns what undoes it. */
export function changeConfig(change: (config: StackConfig) => void): () => void {
    const before = fs.readFileSync(file, "utf8");
    const content = yaml.parse(before) as { config: StackConfig };
    change(content.config);
    write(yaml.stringify(content));
    return () => write(before);
}

/** At once, as files of the suite that run beside may read it. */
function write(content: string): void {
    fs.writeFileSync(`${file}.new`, content);
    fs.renameSync(`${file}.new`, file);
}

export function removeConfig(): void {
    fs.rmSync(file, { force: true });
}
