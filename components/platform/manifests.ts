import * as pulumi from "@pulumi/pulumi";
import * as yaml from "js-yaml";
import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { cacheDirectory } from "../cache";
import { ManifestPin, manifests } from "../versions";

/** A Kubernetes object as its YAML has it. */
export interface KubernetesObject {
    apiVersion: string;
    kind: string;
    metadata: { name: string };
    [key: string]: unknown;
}

/** The custom resource definitions that the platform needs, as their projects publish them. */
export type Manifests = Record<keyof typeof manifests, KubernetesObject[]>;

/** Which manifests are needed, besides those that every platform has. */
export interface ManifestsWanted {
    /** For capabilities with a pool of addresses; empty otherwise. @default false */
    metallb?: boolean;
}

/**
 * Reads the pinned manifests from the cache, and fetches what it lacks. Each must have the pinned digest, wherever it
 * comes from.
 * @throws where one can neither be found nor fetched, or was altered.
 */
export async function loadManifests({ metallb = false }: ManifestsWanted = {}): Promise<Manifests> {
    const read = async (pins: readonly ManifestPin[]): Promise<KubernetesObject[]> =>
        (await Promise.all(pins.map(readManifest))).flatMap(parseManifest);
    return {
        gatewayApi: await read(manifests.gatewayApi),
        contour: await read(manifests.contour),
        certManager: await read(manifests.certManager),
        metallb: metallb ? await read(manifests.metallb) : [],
    };
}

/** Where a manifest is in the cache. */
export function cachedManifest(pin: ManifestPin): string {
    return path.join(cacheDirectory(), "manifests", `${pin.sha256}.yaml`);
}

/** Checks a manifest's text and keeps it in the cache. */
export async function keepManifest(pin: ManifestPin, text: Buffer, from: string): Promise<void> {
    const digest = createHash("sha256").update(text).digest("hex");
    if (digest !== pin.sha256) {
        throw new pulumi.RunError(
            `${from} isn't the file that was pinned: its SHA-256 is ${digest}, expected ${pin.sha256} `
            + "(components/versions.ts).\nNothing was changed. Check the connection for something that alters "
            + "downloads, and if the project has a new version, review it and change the pin.");
    }
    const file = cachedManifest(pin);
    await fs.mkdir(path.dirname(file), { recursive: true });
    // Two programs may do this at the same time, and neither may see the other's half.
    const partial = `${file}.${process.pid}`;
    await fs.writeFile(partial, text);
    await fs.rename(partial, file);
}

async function readManifest(pin: ManifestPin): Promise<string> {
    try {
        const text = await fs.readFile(cachedManifest(pin));
        if (createHash("sha256").update(text).digest("hex") === pin.sha256) {
            return text.toString("utf8");
        }
    } catch {
        // Not in the cache yet.
    }
    await keepManifest(pin, await download(pin), pin.url);
    return fs.readFile(cachedManifest(pin), "utf8");
}

async function download(pin: ManifestPin): Promise<Buffer> {
    let reason: string;
    try {
        const response = await fetch(pin.url, { signal: AbortSignal.timeout(30_000) });
        if (response.ok) {
            return Buffer.from(await response.arrayBuffer());
        }
        reason = `the server answered ${response.status}`;
    } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
    }
    throw new pulumi.RunError(
        `Can't fetch ${pin.url}: ${reason}.\nIt is needed once, then kept in ${path.dirname(cachedManifest(pin))}. `
        + "On a closed network `npm start` makes it from the package registries.");
}

/** By js-yaml, as there is a megabyte of them: it takes a fifth of the time that `yaml` does. */
function parseManifest(text: string): KubernetesObject[] {
    const documents = yaml.loadAll(text, undefined, { schema: yaml.CORE_SCHEMA }) as (KubernetesObject | null)[];
    return documents.filter(object => object !== null);
}
