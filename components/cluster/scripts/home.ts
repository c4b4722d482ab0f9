import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { writeWhole } from "../../files";

/** The directory for this user's clusters: `LANDFALL_HOME`, else `~/.landfall`. */
export function home(): string {
    return path.resolve(process.env.LANDFALL_HOME || path.join(os.homedir(), ".landfall"));
}

/**
 * An absolute path on this computer. `~` is the user's home directory, `~/.landfall` is `home()`, and other relative paths
 * start at the directory in which Pulumi runs the program.
 */
export function resolvePath(given: string): string {
    const [first, second, ...rest] = given.split(/[\\/]/);
    if (first !== "~") return path.resolve(given);
    if (second === ".landfall") return path.join(home(), ...rest);
    return path.join(os.homedir(), second ?? "", ...rest);
}

/** The directory of one cluster. Only this user can read it. */
export function clusterDirectory(name: string): string {
    return path.join(home(), name);
}

/** A short digest of a cluster's configuration. */
export function digest(config: string): string {
    return createHash("sha256").update(config).digest("hex").slice(0, 16);
}

/** What this computer remembers of a cluster that a stack created on it. */
export interface ClusterRecord {
    /** Changes whenever the cluster is created again. */
    incarnation: string;
    /** Project and stack. @example "landfall/dev" */
    owner: string;
    /** Of its configuration, see `digest`. */
    digest: string;
    /** False while the cluster is being created, and so after an interruption. */
    ready: boolean;
    /** minikube: Kubernetes version that it was created with if the settings named none. */
    kubernetesVersion?: string;
    /** minikube: address of the API server. */
    server?: string;
    /** minikube: how often that address has changed. */
    revision?: number;
}

/** Undefined if there is no record, or none that can be read. */
export function readRecord(name: string): ClusterRecord | undefined {
    try {
        return JSON.parse(fs.readFileSync(recordFile(name), "utf8")) as ClusterRecord;
    } catch {
        return undefined;
    }
}

export function writeRecord(name: string, record: ClusterRecord): void {
    writeWhole(recordFile(name), `${JSON.stringify(record, undefined, 2)}\n`);
}

export function removeRecord(name: string): void {
    fs.rmSync(recordFile(name), { force: true });
    removeIfEmpty(clusterDirectory(name));
}

/** Removes an empty directory at or below `home()`, then its parents up to `home()` if they are empty. */
export function removeIfEmpty(directory: string): void {
    if (directory !== home() && !directory.startsWith(home() + path.sep)) return;
    try {
        fs.rmdirSync(directory);
    } catch {
        return;
    }
    removeIfEmpty(path.dirname(directory));
}

function recordFile(name: string): string {
    return path.join(clusterDirectory(name), "incarnation.json");
}
