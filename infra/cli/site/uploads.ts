import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { UserError } from "../terminal/errors";
import { firstBytes } from "./dump";

/** Opens a directory or an archive of uploads as a tar stream. @throws if it is neither */
export function openUploads(given: string): () => AsyncIterable<Buffer> {
    const found = fs.statSync(given, { throwIfNoEntry: false });
    if (!found) throw new UserError(`There is no ${given}. Nothing was changed.`);
    if (found.isDirectory()) return () => tarOf(given);
    const start = firstBytes(given);
    if (start.subarray(0, 2).toString("hex") === "1f8b") return () => unpacked(given);
    if (start.subarray(257, 262).toString() === "ustar") return () => fs.createReadStream(given);
    throw new UserError(`${given} is no archive that tar has made, with gzip or without. Unpack it and name the directory. Nothing was changed.`);
}

async function* unpacked(file: string): AsyncGenerator<Buffer> {
    const raw = fs.createReadStream(file);
    const text = raw.pipe(createGunzip());
    raw.on("error", error => text.destroy(error));
    try {
        for await (const part of text as AsyncIterable<Buffer>) yield part;
    } catch (error) {
        throw new UserError(`${file} can't be read to its end: ${(error as Error).message}. Is it cut off?`);
    }
}

/** Linux, macOS and Windows include tar; macOS's would add its own files. */
async function* tarOf(directory: string): AsyncGenerator<Buffer> {
    const tar = spawn("tar", ["--create", "--file", "-", "--directory", path.resolve(directory), "."], {
        stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, COPYFILE_DISABLE: "1" },
    });
    let complaints = "";
    tar.stderr.setEncoding("utf8").on("data", (text: string) => (complaints = (complaints + text).slice(-2000)));
    const ended = once(tar, "close") as Promise<[number | null]>;
    try {
        for await (const part of tar.stdout as Readable as AsyncIterable<Buffer>) yield part;
        const [code] = await ended;
        if (code !== 0) throw new UserError(`${directory} can't be read: ${complaints.trim()}`);
    } finally {
        ended.catch(() => undefined);
        tar.kill();
    }
}

/** Prefixes each chunk with its length, and ends with 0: not every cluster signals the end of the input. */
export async function* framed(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const length = (bytes: number): Buffer => {
        const frame = Buffer.alloc(4);
        frame.writeUInt32BE(bytes);
        return frame;
    };
    for await (const piece of pieces) if (piece.length > 0) yield Buffer.concat([length(piece.length), piece]);
    yield length(0);
}
