import * as fs from "node:fs";
import * as path from "node:path";
import { cacheDirectory } from "../../../components/cache";
import { run } from "../../offline/kit/run";

/** Directory of downloaded programs, for all stacks. */
export function binDirectory(): string {
    return path.join(cacheDirectory(), "bin");
}

/** A program's file name on this system. */
export function executable(name: string): string {
    return process.platform === "win32" ? `${name}.exe` : name;
}

/** Whether a program is on PATH. */
export function onPath(name: string): boolean {
    const directories = (process.env.PATH ?? "").split(path.delimiter).filter(Boolean);
    return directories.some(directory => fs.existsSync(path.join(directory, executable(name))));
}

/** Puts a directory first on PATH, for this process and its children. */
export function addToPath(directory: string): void {
    const directories = (process.env.PATH ?? "").split(path.delimiter).filter(other => other !== directory);
    process.env.PATH = [directory, ...directories].join(path.delimiter);
}

/** The version that a program prints, as [major, minor, patch]; undefined if it prints none or doesn't run. */
export async function versionOf(program: string, ...args: string[]): Promise<number[] | undefined> {
    const output = await run(program, args).catch(() => "");
    return parseVersion(output);
}

/** The first version number in a text. */
export function parseVersion(text: string): number[] | undefined {
    const found = /\bv?(\d+)\.(\d+)\.(\d+)/.exec(text);
    return found ? found.slice(1).map(Number) : undefined;
}

/** Whether a version is at least another's minor version. */
export function atLeast(version: number[] | undefined, wanted: number[]): boolean {
    if (!version) return false;
    return version[0] > wanted[0] || (version[0] === wanted[0] && version[1] >= wanted[1]);
}

/** This system and processor as Go names them, which release downloads follow. */
export function goPlatform(platform = process.platform, arch: string = process.arch): { os: string; arch: string } {
    // kind has no build for Windows on ARM, which emulates the other processor.
    if (platform === "win32") return { os: "windows", arch: "amd64" };
    return { os: platform, arch: arch === "x64" ? "amd64" : arch };
}

/**
 * Puts the programs of a kit that was built earlier on PATH, in any version: enough to remove a cluster
 * of this target. Returns whether there were any.
 */
export function addKitToPath(target = "kind"): boolean {
    const kits = path.join(cacheDirectory(), "kit");
    const found = fs.existsSync(kits) ? fs.readdirSync(kits).filter(name => /^bin-[0-9a-f]+$/.test(name)) : [];
    const time = (name: string): number => fs.statSync(path.join(kits, name)).mtimeMs;
    const newest = found.sort((a, b) => time(b) - time(a)).find(name => fs.existsSync(path.join(kits, name, target)));
    if (newest) addToPath(path.join(kits, newest));
    return newest !== undefined;
}

/** Puts the programs on PATH that stacks with a cluster on this computer got: another stack's images are loaded by them too. */
export function addClusterTools(): void {
    for (const tool of ["kind", "minikube"].filter(name => !onPath(name))) {
        if (fs.existsSync(path.join(binDirectory(), executable(tool)))) addToPath(binDirectory());
        else addKitToPath(tool);
    }
}
