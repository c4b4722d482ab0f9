import * as fs from "node:fs";
import { createGunzip } from "node:zlib";
import { UserError } from "../terminal/errors";

/** A complete file of SQL statements, as far as that shows without a database. */
export interface Dump {
    file: string;
    bytes: number;
    format: "plain" | "gzip";
}

const gzipMagic = "1f8b";
/** Archives and database files that people mistake for dumps. */
const others: Record<string, string> = {
    "504b0304": "a ZIP archive: unpack it first", "28b52ffd": "compressed by zstd: unpack it first",
    "fd377a58": "compressed by xz: unpack it first", "425a68": "compressed by bzip2: unpack it first",
    "53514c69": "an SQLite database", "d0cf11e0": "an Office document",
};
/** mysqldump and mariadb-dump write this at the end, unless comments are off. */
const [dumpedBy, completed] = [/^-- (MySQL|MariaDB) dump /m, /^-- Dump completed/m];

/**
 * Reads a whole dump without keeping it in memory.
 * @throws if it can't be read, isn't a dump, or is truncated
 */
export async function inspectDump(file: string): Promise<Dump> {
    const bytes = sizeOf(file);
    const magic = firstBytes(file).toString("hex");
    const [, other] = Object.entries(others).find(([start]) => magic.startsWith(start)) ?? [];
    if (other) throw new UserError(`${file} is ${other}. A dump is SQL, as mysqldump, mariadb-dump or phpMyAdmin writes it. Nothing was changed.`);
    const format = magic.startsWith(gzipMagic) ? "gzip" : "plain";
    let [head, tail] = ["", ""];
    const raw = fs.createReadStream(file);
    const text = format === "gzip" ? raw.pipe(createGunzip()) : raw;
    raw.on("error", error => text.destroy(error));
    try {
        for await (const part of text as AsyncIterable<Buffer>) {
            if (head.length < 4096) head += part.subarray(0, 4096).toString("latin1");
            tail = (tail + part.subarray(-1024).toString("latin1")).slice(-1024);
        }
    } catch (error) {
        throw new UserError(`${file} can't be read to its end: ${(error as Error).message}. Is it cut off? Nothing was changed.`);
    }
    if (head.trim() === "" || head.includes("\0")) throw new UserError(`${file} is no SQL. Nothing was changed.`);
    if (dumpedBy.test(head) && !completed.test(tail)) {
        throw new UserError(`${file} is cut off: its last line isn't "-- Dump completed". Make or copy it again. Nothing was changed.`);
    }
    return { file, bytes, format };
}

function sizeOf(file: string): number {
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) throw new UserError(`There is no file ${file}. Nothing was changed.`);
    if (found.size === 0) throw new UserError(`${file} is empty. Nothing was changed.`);
    return found.size;
}

/** The first bytes of a file, enough to tell its kind. */
export function firstBytes(file: string): Buffer {
    const opened = fs.openSync(file, "r");
    try {
        const start = Buffer.alloc(512);
        return start.subarray(0, fs.readSync(opened, start));
    } finally {
        fs.closeSync(opened);
    }
}
