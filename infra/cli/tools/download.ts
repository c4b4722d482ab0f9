import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { moveOver } from "../../../components/files";
import { UserError } from "../terminal/errors";

/** Longest pause in a download, in milliseconds. */
const patience = 60_000;

/**
 * Downloads a program and makes it executable, if its SHA-256 is the one that `checksumUrl` publishes. Otherwise nothing
 * remains.
 */
export async function downloadProgram(url: string, checksumUrl: string, file: string): Promise<void> {
    const wanted = await publishedChecksum(checksumUrl);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    const unfinished = `${file}.${process.pid}.tmp`;
    try {
        const given = await save(url, unfinished);
        if (given !== wanted) {
            throw new UserError(
                `${url} was not what its publisher released: its SHA-256 is ${given}, ${checksumUrl} says ${wanted}. ` +
                    "The file was removed. Try again; if it stays so, something between here and there changes files.",
            );
        }
        fs.chmodSync(unfinished, 0o755);
        moveOver(unfinished, file);
    } finally {
        fs.rmSync(unfinished, { force: true });
    }
}

async function publishedChecksum(url: string): Promise<string> {
    const text = await (await get(url)).text();
    const found = /^\\?([0-9a-f]{64})(\s|$)/i.exec(text.trim());
    if (!found) throw new UserError(`${url} does not begin with a SHA-256 checksum.`);
    return found[1].toLowerCase();
}

async function save(url: string, file: string): Promise<string> {
    const hash = createHash("sha256");
    const response = await get(url);
    if (!response.body) throw new UserError(`${url} is empty.`);
    const stalled = new AbortController();
    let timer = setTimeout(() => stalled.abort(), patience);
    const watch = new Transform({
        transform(chunk: Buffer, _encoding, done) {
            clearTimeout(timer);
            timer = setTimeout(() => stalled.abort(), patience);
            hash.update(chunk);
            done(null, chunk);
        },
    });
    try {
        const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
        await pipeline(body, watch, fs.createWriteStream(file), { signal: stalled.signal });
    } catch (error) {
        throw new UserError(`The download of ${url} broke off: ${(error as Error).message}. Run the command again.`);
    } finally {
        clearTimeout(timer);
    }
    return hash.digest("hex");
}

/** If no address of a host answers, the cause is several errors in one, without a message. */
function reasonOf({ message, cause }: Error): string {
    if (!(cause instanceof Error)) return message;
    return cause.message || (cause as NodeJS.ErrnoException).code || message;
}

async function get(url: string): Promise<Response> {
    let response: Response;
    try {
        response = await fetch(url, { redirect: "follow", signal: AbortSignal.timeout(20 * patience) });
    } catch (error) {
        throw new UserError(`Could not download ${url}: ${reasonOf(error as Error)}.`);
    }
    if (!response.ok) throw new UserError(`Could not download ${url}: ${response.status} ${response.statusText}.`);
    return response;
}
