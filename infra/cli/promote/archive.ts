import type { Readable } from "node:stream";

/** What identifies the image in an archive of `docker image save`. */
export interface Identity {
    /** Digest of the configuration. It names the digests of all layers, so it is the same in every registry and on every node. */
    content: string;
    /** Digests of the manifests or index, by which nodes know an image that was loaded from this archive. */
    manifests: string[];
}

const block = 512;
/** Larger files are layers. */
const largest = 1 << 20;

/** Reads the identity of the one image in an archive, without keeping its layers. @throws if it isn't an archive of an image */
export async function identityIn(archive: Readable): Promise<Identity> {
    const files = await smallFiles(archive, ["manifest.json", "index.json"]);
    const [{ Config = "" } = {}] = parse<{ Config?: string }[]>(files["manifest.json"]) ?? [];
    // `blobs/sha256/<digest>`, or `<digest>.json` from Docker before version 25.
    const [config] = /[0-9a-f]{64}/.exec(Config) ?? [];
    if (config === undefined) throw new Error("It isn't an archive of an image: its manifest.json names no configuration.");
    const { manifests = [] } = parse<{ manifests?: { digest: string }[] }>(files["index.json"]) ?? {};
    return { content: `sha256:${config}`, manifests: [...new Set(manifests.map(({ digest }) => digest))] };
}

function parse<T>(content: Buffer | undefined): T | undefined {
    return content && JSON.parse(content.toString()) as T;
}

/** Reads these files out of a tar archive. */
async function smallFiles(archive: Readable, names: string[]): Promise<Record<string, Buffer>> {
    const found: Record<string, Buffer> = {};
    let rest: Buffer = Buffer.alloc(0);
    let skip = 0;
    for await (const piece of archive as AsyncIterable<Buffer>) {
        const used = Math.min(skip, piece.length);
        skip -= used;
        rest = rest.length === 0 ? piece.subarray(used) : Buffer.concat([rest, piece.subarray(used)]);
        while (skip === 0 && rest.length >= block) {
            const name = rest.subarray(0, 100).toString().replace(/\0.*$/s, "").replace(/^\.\//, "");
            const size = sizeIn(rest);
            const padded = Math.ceil(size / block) * block;
            const wanted = names.includes(name) && size <= largest;
            if (wanted && rest.length < block + padded) break;
            if (wanted) found[name] = Buffer.from(rest.subarray(block, block + size));
            const there = Math.min(rest.length, block + padded);
            skip = block + padded - there;
            rest = rest.subarray(there);
        }
    }
    return found;
}

/** A file's size in its header: octal digits, or binary if there are too few. */
function sizeIn(header: Buffer): number {
    if (header[124] & 0x80) return Number(header.readBigUInt64BE(128));
    return parseInt(header.subarray(124, 136).toString().replace(/[\0 ]/g, ""), 8) || 0;
}
