import * as pulumi from "@pulumi/pulumi";
import * as yaml from "js-yaml";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { cacheDirectory } from "../cache";
import { writeWhole } from "../files";
import { libraryScript, nodeArguments } from "../project";
import { ManifestPin, manifests } from "../versions";

/** A Kubernetes object, as in its YAML. */
export interface KubernetesObject {
    apiVersion: string;
    kind: string;
    metadata: { name: string };
    [key: string]: unknown;
}

/** The CRDs that the platform needs, as their projects publish them. */
export type Manifests = Record<keyof typeof manifests, KubernetesObject[]>;

/** Manifests that are needed in addition to those of every platform. */
export interface ManifestsWanted {
    /** For capabilities with a pool of addresses; empty otherwise. @default false */
    metallb?: boolean;
}

/**
 * Reads the pinned manifests from the cache, and downloads those that it lacks. Each must match its pinned digest, wherever
 * it comes from.
 * @throws if one can be neither found nor downloaded, or was altered
 */
export async function loadManifests(wanted: ManifestsWanted = {}): Promise<Manifests> {
    await Promise.all(lackingOf(wanted).map(async pin => keepManifest(pin, await download(pin), pin.url)));
    return readManifests(wanted);
}

/** The same without a promise, for constructors, which can't wait for one. */
export function loadManifestsAtOnce(wanted: ManifestsWanted): Manifests {
    if (lackingOf(wanted).length > 0) {
        const script = libraryScript("components/platform/fetch-manifests.ts");
        const { status, stderr, error } = spawnSync(process.execPath, [...nodeArguments(script), script], {
            encoding: "utf8", env: { ...process.env, WANTED: JSON.stringify(wanted) }, windowsHide: true,
        });
        if (status !== 0) throw new pulumi.RunError((error?.message ?? stderr).trim());
    }
    return readManifests(wanted);
}

function pinsOf({ metallb = false }: ManifestsWanted): Record<keyof Manifests, readonly ManifestPin[]> {
    return { ...manifests, metallb: metallb ? manifests.metallb : [] };
}

/** The manifests that the cache lacks. */
function lackingOf(wanted: ManifestsWanted): ManifestPin[] {
    return Object.values(pinsOf(wanted)).flat().filter(pin => !isCached(pin));
}

function readManifests(wanted: ManifestsWanted): Manifests {
    const entries = Object.entries(pinsOf(wanted)).map(([name, pins]) => [name, pins.flatMap(objectsOf)]);
    return Object.fromEntries(entries) as Manifests;
}

/** By digest: one process may run the program more than once. */
const parsed = new Map<string, KubernetesObject[]>();

function objectsOf(pin: ManifestPin): KubernetesObject[] {
    const objects = parsed.get(pin.sha256) ?? parseManifest(fs.readFileSync(cachedManifest(pin), "utf8"));
    parsed.set(pin.sha256, objects);
    return objects;
}

/** Path of a manifest in the cache. */
export function cachedManifest(pin: ManifestPin): string {
    return path.join(cacheDirectory(), "manifests", `${pin.sha256}.yaml`);
}

/** Checks a manifest's text and stores it in the cache. */
export function keepManifest(pin: ManifestPin, text: Buffer, from: string): void {
    const digest = createHash("sha256").update(text).digest("hex");
    if (digest !== pin.sha256) {
        throw new pulumi.RunError(
            `${from} isn't the file that was pinned: its SHA-256 is ${digest}, expected ${pin.sha256} `
            + "(components/versions.ts).\nNothing was changed. Check the connection for something that alters "
            + "downloads, and if the project has a new version, review it and change the pin.");
    }
    const file = cachedManifest(pin);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    writeWhole(file, text, 0o644);
}

function isCached(pin: ManifestPin): boolean {
    const file = cachedManifest(pin);
    return fs.existsSync(file) && createHash("sha256").update(fs.readFileSync(file)).digest("hex") === pin.sha256;
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

/** Uses js-yaml, because the manifests are a megabyte: it takes a fifth of the time that `yaml` does. */
function parseManifest(text: string): KubernetesObject[] {
    const documents = yaml.loadAll(text, undefined, { schema: yaml.CORE_SCHEMA }) as (KubernetesObject | null)[];
    return documents.filter(object => object !== null);
}
