import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import * as yaml from "yaml";
import { fromHome } from "../../../components/files";
import { isRunning } from "../computer/process";
import { root } from "../stack/home";

const project = "landfall";

/** Who holds the lock of a stack in a local file backend. */
export interface Lock {
    pid: number;
    hostname: string;
    timestamp: string;
}

/** The directory of a local file backend (`file://~`, `file:///var/state`, `file://./state`); undefined for others. */
export function backendDirectory(url = process.env.PULUMI_BACKEND_URL || projectBackend()): string | undefined {
    if (!url?.startsWith("file://")) return undefined;
    // Pulumi decodes the path, as of any address: a space may be there as such or as %20.
    const name = fromHome(decoded(url.slice("file://".length).replace(/\?.*$/, "")));
    return path.resolve(root, name.replace(/^\/(?=[A-Za-z]:)/, ""), ".pulumi");
}

/** The address of a local file backend in a directory. On Windows, Pulumi takes file:///C:/… for a path below C:\ (pulumi#24628). */
export function backendAddress(directory: string, platform = process.platform): string {
    if (platform !== "win32") return pathToFileURL(directory).href;
    return `file://${directory.replaceAll("\\", "/").replaceAll("%", "%25").replaceAll("#", "%23")}`;
}

function decoded(text: string): string {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

function projectBackend(): string | undefined {
    const text = fs.readFileSync(path.join(root, "Pulumi.yaml"), "utf8");
    return (yaml.parse(text) as { backend?: { url?: string } }).backend?.url;
}

/** Whether a local backend holds this stack: with resources, or as an empty one. */
export function isInBackend(stack: string, directory = backendDirectory()): boolean {
    const stacks = directory && path.join(directory, "stacks", project);
    if (!stacks || !fs.existsSync(stacks)) return false;
    // The directory has the names in their own case, whatever the file system takes them for.
    return fs.readdirSync(stacks).some(name => [`${stack}.json`, `${stack}.json.gz`].includes(name));
}

/**
 * Removes attributes that a killed Pulumi left half-written beside the stack's state in a local backend. Pulumi works
 * without them, but can't read a state with truncated ones ("failed to load checkpoint: EOF").
 */
export function removeCutOff(stack: string, directory = backendDirectory()): void {
    const stacks = directory && path.join(directory, "stacks", project);
    if (!stacks || !fs.existsSync(stacks)) return;
    for (const name of fs.readdirSync(stacks)) {
        const file = path.join(stacks, name);
        if (name.startsWith(`${stack}.json`) && name.endsWith(".attrs") && !isJson(fs.readFileSync(file, "utf8"))) fs.rmSync(file);
    }
}

/** Removes the backups that Pulumi keeps of a stack which it has removed from a local backend. */
export function removeBackups(stack: string, directory = backendDirectory()): void {
    if (!directory || isInBackend(stack, directory)) return;
    const files = [".json.bak", ".json.bak.attrs", ".json.gz.bak", ".json.gz.bak.attrs"].map(end => ["stacks", project, `${stack}${end}`]);
    for (const place of [...files, ["backups", project, stack], ["history", project, stack], ["locks", "organization", project, stack]]) {
        fs.rmSync(path.join(directory, ...place), { recursive: true, force: true });
    }
}

function isJson(text: string): boolean {
    try {
        JSON.parse(text);
        return true;
    } catch {
        return false;
    }
}

/** The locks of the stack in a local backend. */
export function locksOf(stack: string, directory = backendDirectory()): Lock[] {
    const locks = directory && path.join(directory, "locks", "organization", project, stack);
    if (!locks || !fs.existsSync(locks)) return [];
    return fs.readdirSync(locks).filter(name => name.endsWith(".json")).map(name => {
        return JSON.parse(fs.readFileSync(path.join(locks, name), "utf8")) as Lock;
    });
}

/** Whether the process that took the lock has ended. Only known on the computer where it ran. */
export function isStale(lock: Lock, hostname = os.hostname()): boolean {
    return lock.hostname === hostname && !isRunning(lock.pid, "pulumi");
}
