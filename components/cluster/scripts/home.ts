// @ts-nocheck
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** Where what belongs to this user's clusters is kept: `LANDFALL_HOME`, else `~/.landfall`. */
export function home() {
    return path.resolve(process.env.LANDFALL_HOME || path.join(os.homedir(), ".landfall"));
}

/** As `cacheDirectory` of components/cache.ts, for scripts, which run without a compiler. */
export function cacheDirectory() {
    const { LANDFALL_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
    const ofUser = (process.platform === "win32" && LOCALAPPDATA) || XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
    return LANDFALL_CACHE ?? path.join(ofUser, "landfall");
}

/** A path on this computer: `~` is the user's directory, `~/.landfall` is `home()`; others are relative to where Pulumi runs the program. */
export function resolvePath(given) {
    const [first, second, ...rest] = given.split(/[\\/]/);
    if (first !== "~") return path.resolve(given);
    if (second === ".landfall") return path.join(home(), ...rest);
    return path.join(os.homedir(), second ?? "", ...rest);
}

/** The directory of one cluster, for this user only. */
export function clusterDirectory(name) {
    return path.join(home(), name);
}

/** A short digest of a cluster's configuration. */
export function digest(config) {
    return createHash("sha256").update(config).digest("hex").slice(0, 16);
}

/**
 * What is remembered of a cluster: `incarnation`, the `owner` (project and stack), the `digest` of its configuration,
 * and whether it is `ready`, or its making was interrupted. Undefined where there is none.
 */
export function readRecord(name) {
    try {
        return JSON.parse(fs.readFileSync(recordFile(name), "utf8"));
    } catch {
        return undefined;
    }
}

export function writeRecord(name, record) {
    fs.mkdirSync(clusterDirectory(name), { recursive: true, mode: 0o700 });
    const unfinished = `${recordFile(name)}.${process.pid}.tmp`;
    fs.writeFileSync(unfinished, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
    fs.renameSync(unfinished, recordFile(name));
}

export function removeRecord(name) {
    fs.rmSync(recordFile(name), { force: true });
    removeIfEmpty(clusterDirectory(name));
}

/** Removes a directory of ours that is empty, and those above it up to and including `home()`. */
export function removeIfEmpty(directory) {
    if (directory !== home() && !directory.startsWith(home() + path.sep)) return;
    try {
        fs.rmdirSync(directory);
    } catch {
        return;
    }
    removeIfEmpty(path.dirname(directory));
}

function recordFile(name) {
    return path.join(clusterDirectory(name), "incarnation.json");
}
