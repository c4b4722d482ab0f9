// The offline bundle: binaries, packages and images with their checksums in SHA256SUMS, as a directory or an archive.
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

import { cacheDirectory } from "../../../cache";
import { writeWhole } from "../../../files";
import { resolvePath } from "../../scripts/home";
import { attempt, fail, lastLines } from "../../scripts/process";
import { acceptTasks, lackingTasks, receiveCommand } from "../machine/bundle";
import { renderScript } from "../machine/script";
import type { NodeFacts } from "../program/facts";
import type { Producer } from "./command";
import type { Condition, Operation } from "./steps";

const sums = "SHA256SUMS";
const unchanged = "Nothing was changed.";
/** The files of a bundle: path → SHA-256. Undefined where the directory has no list. */
function readSums(bundle: string): Map<string, string> | undefined {
    const file = path.join(resolvePath(bundle), sums);
    if (!fs.existsSync(file)) return undefined;
    const lines = fs.readFileSync(file, "utf8").split("\n").filter(Boolean);
    return new Map(lines.map(line => [line.slice(66), line.slice(0, 64)]));
}

/** What is wrong with the bundle, for these machines: `system` as in packages/, for example "debian-13-amd64". */
export async function bundleProblems(bundle: string, version: string, systems: string[]): Promise<string[]> {
    const directory = resolvePath(bundle);
    const listed = readSums(bundle);
    if (!listed) return [noSums(directory)];
    const bad = await Promise.all([...listed].map(async ([name, sum]) => {
        const file = path.join(directory, name);
        if (!fs.existsSync(file)) return `The bundle ${directory} is incomplete: ${name} is missing.`;
        const found = await hashOf(file);
        return found === sum ? undefined
            : `The bundle ${directory} was altered: ${name} has the SHA-256 ${found}, and ${sums} says ${sum}.`;
    }));
    return [...bad.flatMap(problem => problem ?? []), ...missingParts(directory, listed, version, systems)];
}

function noSums(directory: string): string {
    return `The bundle ${directory} has no ${sums}: is landfall:cluster.bundle the right directory?`;
}

function missingParts(directory: string, listed: Map<string, string>, version: string, systems: string[]): string[] {
    const names = [...listed.keys()];
    const held = names.find(name => name.startsWith("version/"))?.slice("version/".length);
    const lacks = (what: string) => `The bundle ${directory} is incomplete: it has no ${what}.`;
    return [
        ...(held === version ? [] : [`The bundle ${directory} holds Kubernetes ${held ?? "of no version"}, and ` +
            `landfall:cluster.kubernetesVersion is ${version}.`]),
        ...systems.filter(system => !names.some(name => name.startsWith(`packages/${system}/`)))
            .map(system => lacks(`packages for ${system}`)),
        ...systems.map(system => system.split("-").pop())
            .filter((arch, index, all) => all.indexOf(arch) === index && !listed.has(`bin/${arch}/kubelet`))
            .map(arch => lacks(`programs for ${arch}`)),
        ...(names.some(name => name.startsWith("images/")) ? [] : [lacks("images")]),
    ];
}

/** A file of the bundle. */
interface Part {
    name: string;
    sum: string;
    file: string;
}

/** The files that a machine of this system needs; a control-plane node, and a node that runs pods, each has images of its own. */
export function partsFor(
    bundle: string, system: string, { role, tainted }: { role: NodeFacts["role"]; tainted?: boolean },
): Part[] {
    const arch = system.split("-").pop();
    const wanted = [
        `packages/${system}/[^/]+`, `bin/${arch}/[^/]+`, `cni/${arch}/[^/]+`, "images/[^/]+",
        ...(role === "control-plane" ? ["images/control-plane/[^/]+"] : []),
        ...(role === "worker" || !tainted ? ["images/workloads/[^/]+"] : []),
    ].map(part => new RegExp(`^${part}$`));
    const listed = readSums(bundle) ?? fail(noSums(resolvePath(bundle)));
    return [...listed].filter(([name]) => wanted.some(part => part.test(name)))
        .map(([name, sum]) => ({ name, sum, file: path.join(resolvePath(bundle), name) }));
}

/** Debian's name of a machine's architecture. */
export function architecture(machine: string): string | undefined {
    return ({ x86_64: "amd64", aarch64: "arm64" } as Record<string, string>)[machine];
}

export const fromBundle: Condition<{ cluster: { bundle?: string } }> = {
    words: "there is a bundle", holds: ({ cluster }) => cluster.bundle !== undefined,
};

/** Sends a machine its part of the bundle, except what it has already. */
export async function sendBundle(
    { connection, cluster: { bundle = "", tainted }, node }:
    Operation & { cluster: { bundle?: string; tainted?: boolean }; node: NodeFacts },
): Promise<void> {
    const directory = await openBundle(bundle);
    const said = await connection.run(node, '. /etc/os-release; echo "$ID-$VERSION_ID $(uname -m)"');
    const [os, machine] = said.trim().split(" ");
    const parts = partsFor(directory, `${os}-${architecture(machine)}`, { ...node, tainted });
    const lacking = (await connection.run(node, renderScript(lackingTasks(parts)))).split("\n").filter(Boolean);
    if (lacking.length > 0) {
        await connection.run(node, archiveOf(directory, lacking), receiveCommand);
    }
    await connection.run(node, renderScript(acceptTasks(parts)));
}

/** The files as a tar archive. macOS's tar would add its own files. */
export function archiveOf(directory: string, files: string[]): Producer {
    return { program: "tar", args: ["-c", "-f", "-", "-C", directory, ...files], env: { COPYFILE_DISABLE: "1" } };
}

/**
 * The directory of a bundle. An archive is unpacked once, into a directory named by its digest. The digest of an unchanged
 * archive is remembered, unless `rehash` is set.
 */
export async function openBundle(bundle: string, { rehash = false } = {}): Promise<string> {
    const file = resolvePath(bundle);
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (!found) return fail(`landfall:cluster.bundle: there is no ${file}. ${unchanged}`);
    if (found.isDirectory()) return file;
    const gzip = isGzip(file);
    const target = path.join(cacheDirectory(), "bundles", await digestOf(file, rehash));
    if (!fs.existsSync(target)) unpack(file, gzip, target);
    return rootOf(target);
}

/** Goes by the first bytes, not by the name. */
function isGzip(file: string): boolean {
    const head = Buffer.alloc(512);
    const opened = fs.openSync(file, "r");
    fs.readSync(opened, head, 0, head.length, 0);
    fs.closeSync(opened);
    if (head.readUInt16BE(0) === 0x1f8b) return true;
    if (head.toString("latin1", 257, 262) === "ustar") return false;
    return fail(`landfall:cluster.bundle: ${file} is neither a directory nor a .tar, .tar.gz or .tgz. ${unchanged}`);
}

/** Writing to a file changes its change time, which can't be set back like its modification time. */
async function digestOf(file: string, rehash: boolean): Promise<string> {
    const looks = looksOf(file);
    const memo = path.join(cacheDirectory(), "bundles", "digests.json");
    const known = readMemo(memo);
    const before = known[file];
    if (!rehash && before?.looks === looks) return before.digest;
    const digest = await hashOf(file);
    if (looksOf(file) !== looks) fail(`${file} is being written to. ${unchanged}`);
    fs.mkdirSync(path.dirname(memo), { recursive: true });
    writeWhole(memo, JSON.stringify({ ...readMemo(memo), [file]: { looks, digest } }));
    return digest;
}

function looksOf(file: string): string {
    const { size, mtimeNs, ctimeNs, ino } = fs.statSync(file, { bigint: true });
    return [size, mtimeNs, ctimeNs, ino].join(" ");
}

function readMemo(memo: string): Record<string, { looks: string; digest: string } | undefined> {
    try {
        return JSON.parse(fs.readFileSync(memo, "utf8"));
    } catch {
        return {};
    }
}

/** SHA-256 of a file. */
function hashOf(file: string): Promise<string> {
    return new Promise<string>((resolve, reject) => {
        const hash = createHash("sha256");
        fs.createReadStream(file, { highWaterMark: 1 << 20 }).on("error", reject)
            .on("data", data => hash.update(data)).on("end", () => resolve(hash.digest("hex")));
    });
}

/** Unpacks everything or nothing: after an interruption, nothing looks finished. */
function unpack(file: string, gzip: boolean, target: string): void {
    refuseStrangers(file, tar(file, gzip, ["-t", "-v"]));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    const unfinished = fs.mkdtempSync(`${target}.`);
    try {
        tar(file, gzip, ["-x", "-o", "-C", unfinished]);
        fs.renameSync(unfinished, target);
    } catch (error) {
        // Another run may have been faster.
        if (!fs.existsSync(target)) throw error;
    } finally {
        fs.rmSync(unfinished, { recursive: true, force: true });
    }
}

/** The archive is on standard input, because tar could take its name for a remote one. */
function tar(file: string, gzip: boolean, args: string[]): string {
    const stdin = fs.openSync(file, "r");
    const result = attempt("tar", [...args, ...(gzip ? ["-z"] : []), "-f", "-"], { stdin, env: { LC_ALL: "C" } });
    fs.closeSync(stdin);
    return result.ok ? result.stdout : fail(`The bundle ${file} can't be unpacked: is it whole? ${unchanged}\n${lastLines(result, 3)}`);
}

/** Only files and directories inside the archive are allowed. Both kinds of tar list them one a line. */
function refuseStrangers(file: string, list: string): void {
    const elsewhere = /\s(\/|[A-Za-z]:[\\/])|[\s/\\]\.\.([/\\]|$)/;
    const stranger = list.split("\n").filter(Boolean)
        .find(line => !/^[-d]/.test(line) || elsewhere.test(line.trimEnd()));
    if (stranger) {
        fail(`The bundle ${file} was not unpacked: it holds what is no file or directory of its own. ${unchanged}\n` +
            stranger);
    }
}

/** The archive contains the bundle's directory, or the files in it. */
function rootOf(directory: string): string {
    if (fs.existsSync(path.join(directory, sums))) return directory;
    const inner = fs.readdirSync(directory).map(name => path.join(directory, name))
        .filter(name => fs.existsSync(path.join(name, sums)));
    return inner.length === 1 ? inner[0] : directory;
}
