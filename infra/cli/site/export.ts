import * as fs from "node:fs";
import * as path from "node:path";
import { finished } from "node:stream/promises";
import { moveOver } from "../../../components/files";
import type { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";
import { Counter } from "./counter";
import { execute, findPod, type Pod } from "./pod";
import { attachedFiles, seedProgram, uploadsProgram } from "./scrub";
import type { StandingStack } from "./stack";

/** The files of an export. */
export const exported = { database: "database.sql.gz", uploads: "uploads.tar.gz" };

const uploads = "/var/www/html/wp-content/uploads";

/** Writes the site's database and uploads to a new directory that only this user can read, because it contains password hashes. */
export async function exportSite(stack: StandingStack, directory: string, terminal: Terminal, signal: AbortSignal): Promise<void> {
    const { database, web } = await begin(stack, directory);
    await save(database, ["export-database"], [0], path.join(directory, exported.database), terminal, signal);
    // tar exits with 1 if a file changes meanwhile. Names that begin with a dot belong to an import.
    await save(web, ["tar", "--create", "--gzip", "--file=-", "--exclude=./.landfall-*", "--exclude=./lost+found", `--directory=${uploads}`, "."],
        [0, 1], path.join(directory, exported.uploads), terminal, signal);
}

/**
 * Writes a seed: what anybody can read of the site, without people's names, addresses and passwords, for environments where
 * the site's own data must not be.
 */
export async function exportSeed(stack: StandingStack, directory: string, terminal: Terminal, signal: AbortSignal): Promise<void> {
    const { database, web } = await begin(stack, directory);
    const attachments = await linesOf(database, ["bash", "-c", uploadsProgram()], signal);
    const files = await linesOf(web, ["find", uploads, "-type", "f", "-not", "-path", "*/.landfall-*", "-printf", "%P\\n"], signal);
    const names = attachedFiles(files, attachments).map(name => `./${name}\0`).join("");
    await save(database, ["bash", "-c", seedProgram()], [0], path.join(directory, exported.database), terminal, signal);
    // Not every cluster signals the end of the input.
    const pack = `head --bytes=${Buffer.byteLength(names)} | tar --create --gzip --file=- --directory=${uploads} --null --verbatim-files-from --files-from=-`;
    await save(web, ["bash", "-c", pack], [0, 1], path.join(directory, exported.uploads), terminal, signal, [Buffer.from(names)]);
}

/** Finds the pods, and makes the directory. */
async function begin({ kubeconfig, settings }: StandingStack, directory: string): Promise<{ database: Pod; web: Pod }> {
    expectFree(directory);
    const { name: namespace } = settings.environment;
    const database = await findPod(kubeconfig, namespace, "database");
    const web = await findPod(kubeconfig, namespace, "web");
    makeDirectory(directory);
    return { database, web };
}

/** @throws if the directory holds anything */
export function expectFree(directory: string): void {
    const isFree = !fs.existsSync(directory) || (fs.statSync(directory).isDirectory() && fs.readdirSync(directory).length === 0);
    if (!isFree) throw new UserError(`${directory} already exists. Name a new directory. Nothing was written.`);
}

/** Only this user can read it. */
export function makeDirectory(directory: string): void {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
}

async function linesOf(pod: Pod, command: string[], signal: AbortSignal): Promise<string[]> {
    const { code, stdout, stderr } = await execute(pod, command, { signal });
    if (code !== 0) throw new UserError(`${command[0]} in the pod ${pod.name} ended with code ${code}: ${stderr.trim()}`);
    return stdout.split("\n").filter(line => line !== "");
}

/** BusyBox's tar exits with 1 for every error. GNU's does for files that change meanwhile. */
const cutOff = /^tar: (error exit delayed from previous errors|short read)/m;

/** Writes a program's output to a file, which gets its name only once it is complete. */
export async function save(
    pod: Pod, command: string[], good: number[], file: string, terminal: Terminal, signal: AbortSignal, input?: Buffer[],
): Promise<void> {
    const unfinished = `${file}.part`;
    const out = fs.createWriteStream(unfinished, { mode: 0o600 });
    const counter = new Counter(path.basename(file), out);
    const stop = terminal.watch(counter.status);
    try {
        const { code, stderr } = await execute(pod, command, { input, output: counter, signal });
        if (!good.includes(code) || cutOff.test(stderr)) throw new UserError(`${command[0]} in the pod ${pod.name} ended with code ${code}: ${stderr.trim()}`);
        out.end();
        await finished(out);
        moveOver(unfinished, file);
    } catch (error) {
        out.destroy();
        fs.rmSync(unfinished, { force: true });
        throw error;
    } finally {
        stop();
    }
    terminal.line(`  ✓ ${file}, ${counter.size}`);
}
