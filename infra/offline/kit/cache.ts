import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { cacheDirectory } from "../../../components/cache";

/** A short digest of the inputs. */
export function keyOf(...inputs: unknown[]): string {
    return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 12);
}

/** A file's contents as an input of a key. */
export function contents(...files: string[]): string[] {
    return files.map(file => fs.readFileSync(file, "utf8"));
}

/**
 * The directory `name-key` of the cache, created by `make` if it doesn't exist.
 *
 * `make` fills a temporary directory, which is renamed at the end, so an interrupted build leaves nothing
 * that looks finished.
 */
export async function cached(name: string, key: string, make: (dir: string) => Promise<void>): Promise<string> {
    const dir = path.join(cacheDirectory(), "kit", `${name}-${key}`);
    if (fs.existsSync(dir)) return dir;
    return inTemporaryDir(`${name}-${key}`, async unfinished => {
        await make(unfinished);
        if (!fs.existsSync(dir)) fs.renameSync(unfinished, dir);
        return dir;
    });
}

/** Runs work with a temporary directory in the cache. If interrupted, the next run removes the directory. */
export async function inTemporaryDir<T>(name: string, work: (dir: string) => Promise<T>): Promise<T> {
    const parent = path.join(cacheDirectory(), "kit", "tmp");
    const dir = path.join(parent, `${name}.${process.pid}`);
    fs.mkdirSync(parent, { recursive: true });
    for (const left of fs.readdirSync(parent)) {
        if (!fs.existsSync(`/proc/${left.split(".").pop()}`)) remove(path.join(parent, left));
    }
    fs.mkdirSync(dir);
    try {
        return await work(dir);
    } finally {
        remove(dir);
    }
}

function remove(dir: string): void {
    fs.rmSync(dir, { recursive: true, force: true });
}

/** Names of cached files as inputs of a key. They contain the keys of their own inputs, wherever the cache is. */
export function cachedNames(files: Iterable<string>): string[] {
    return [...files].map(file => path.relative(cacheDirectory(), file)).sort();
}
