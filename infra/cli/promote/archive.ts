import { createHash } from "node:crypto";
import * as path from "node:path";
import type { Readable } from "node:stream";

/** What identifies the image in an archive of `docker image save`. */
export interface Identity {
    /** Digest of the configuration. It names the digests of all layers, so it is the same in every registry and on every node. */
    content: string;
    /** Digests of the manifests by which nodes know an image that was loaded from this archive. */
    manifests: string[];
}

const block = 512;
/** Larger files are layers. */
const largest = 1 << 20;

/** Reads the identity of the one image in an archive, without keeping its layers. @throws if it isn't an archive of an image */
export async function identityIn(archive: Readable): Promise<Identity> {
    const { files, sizes, links } = await contentsOf(archive, name => /^(manifest|index|[0-9a-f]{64})\.json$/.test(name));
    const [{ Config: config = "", Layers: layers = [] } = {}] = parse<{ Config?: string; Layers?: string[] }[]>(files.get("manifest.json")) ?? [];
    // `blobs/sha256/<digest>`, or `<digest>.json` from Docker before version 25.
    const [digest] = /[0-9a-f]{64}/.exec(config) ?? [];
    if (digest === undefined) throw new Error("It isn't an archive of an image: its manifest.json names no configuration.");
    const content = `sha256:${digest}`;
    const index = parse<{ manifests: { digest: string }[] }>(files.get("index.json"));
    if (index) return { content, manifests: [...new Set(index.manifests.map(manifest => manifest.digest))] };
    const { rootfs } = parse<{ rootfs?: { diff_ids: string[] } }>(files.get(config)) ?? {};
    const described = layers.map((layer, at) => ({ digest: rootfs?.diff_ids[at] ?? "", size: sizes.get(links.get(layer) ?? layer) ?? 0 }));
    return { content, manifests: [writtenManifest({ digest: content, size: sizes.get(config) ?? 0 }, described)] };
}

interface Blob {
    digest: string;
    size: number;
}

/**
 * Digest of the manifest that containerd writes for an archive without one.
 * Source: https://github.com/containerd/containerd/blob/v2.1.4/core/images/archive/importer.go
 */
function writtenManifest(config: Blob, layers: Blob[]): string {
    const docker = "application/vnd.docker";
    const manifest = {
        schemaVersion: 2, mediaType: `${docker}.distribution.manifest.v2+json`,
        config: { mediaType: `${docker}.container.image.v1+json`, ...config },
        layers: layers.map(layer => ({ mediaType: `${docker}.image.rootfs.diff.tar`, ...layer })),
    };
    return `sha256:${createHash("sha256").update(JSON.stringify(manifest)).digest("hex")}`;
}

function parse<T>(content: Buffer | undefined): T | undefined {
    return content && JSON.parse(content.toString()) as T;
}

interface Contents {
    files: Map<string, Buffer>;
    sizes: Map<string, number>;
    /** Where symbolic links lead. */
    links: Map<string, string>;
}

/** Reads a tar archive: the content of the small files that are wanted, and what else it has. */
async function contentsOf(archive: Readable, isWanted: (name: string) => boolean): Promise<Contents> {
    const found: Contents = { files: new Map(), sizes: new Map(), links: new Map() };
    let rest: Buffer = Buffer.alloc(0);
    let skip = 0;
    for await (const piece of archive as AsyncIterable<Buffer>) {
        const used = Math.min(skip, piece.length);
        skip -= used;
        rest = rest.length === 0 ? piece.subarray(used) : Buffer.concat([rest, piece.subarray(used)]);
        while (skip === 0 && rest.length >= block) {
            const name = path.posix.normalize(textAt(rest, 0, 100) || ".");
            const size = sizeIn(rest);
            const padded = Math.ceil(size / block) * block;
            const wanted = isWanted(name) && size <= largest;
            if (wanted && rest.length < block + padded) break;
            if (wanted) found.files.set(name, Buffer.from(rest.subarray(block, block + size)));
            if (rest[156] === "2".charCodeAt(0)) found.links.set(name, path.posix.join(path.posix.dirname(name), textAt(rest, 157, 100)));
            else found.sizes.set(name, size);
            const there = Math.min(rest.length, block + padded);
            skip = block + padded - there;
            rest = rest.subarray(there);
        }
    }
    return found;
}

function textAt(header: Buffer, offset: number, length: number): string {
    return header.subarray(offset, offset + length).toString().replace(/\0.*$/s, "");
}

/** A file's size in its header: octal digits, or binary if there are too few. */
function sizeIn(header: Buffer): number {
    if (header[124] & 0x80) return Number(header.readBigUInt64BE(128));
    return parseInt(header.subarray(124, 136).toString().replace(/[\0 ]/g, ""), 8) || 0;
}
