import { type Connection, type Json, KubernetesError, send } from "../../../components/cluster/kubernetes-api";
import { madeBy } from "../../../components/cluster/ownership/marks";
import { namespaces } from "../../../components/platform/namespaces";

const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespaces.gateway}/leases`;
const label = "landfall.dev/branch-environment";
/** Annotations of the Lease, each of which is a field of the record. */
const field = (name: string): string => `landfall.dev/${name}`;

/**
 * The record of a branch's environment. It is in a Lease in the platform's namespace. It exists before the environment's first
 * object and until after the last, so that what an interrupted run left can be found. Every cluster has Leases, whichever backend
 * has the state, and a Lease is also the lock for those who work on the environment.
 */
export interface BranchRecord {
    /** Its stack, namespace, and the first part of its host. */
    name: string;
    branch: string;
    /** The repository of the branch. @example "github.com/acme/shop" */
    repository: string;
    /** Its address; undefined until it first answered. */
    address?: string;
    created: Date;
    /** When it was last brought up. */
    used: Date;
    /** Whether the branch was ever on the remote: only then can it be missing there. */
    pushed: boolean;
    /** Whether its removal has begun. */
    removing: boolean;
    /** Who brought it up. @example "jane@laptop" */
    by: string;
    /** Who works on it now. */
    heldBy?: string;
    /** The record's version, which shows whether it changed since it was read. */
    version: string;
}

interface Lease {
    metadata: {
        name: string; resourceVersion: string; creationTimestamp: string;
        annotations?: Record<string, string>; labels?: Record<string, string>;
    };
    spec?: { holderIdentity?: string; leaseDurationSeconds?: number; renewTime?: string };
}

/** All branches' environments of the cluster, whichever repository they belong to. */
export async function readRecords(connection: Connection): Promise<BranchRecord[]> {
    const { items } = await send(connection, "GET", `${leases}?labelSelector=${encodeURIComponent(`${label}=true`)}`, { seconds: 20 });
    return ((items ?? []) as Lease[]).flatMap(lease => readLease(lease) ?? []).sort((a, b) => a.name.localeCompare(b.name));
}

/** The record of an environment; undefined if there is none. */
export async function readRecord(connection: Connection, name: string): Promise<BranchRecord | undefined> {
    const lease = await find(connection, name);
    return lease && readLease(lease);
}

async function find(connection: Connection, name: string): Promise<Lease | undefined> {
    return send(connection, "GET", `${leases}/${name}`, { seconds: 20 }).then(found => found as unknown as Lease, absent);
}

/** Ignores a Lease that someone else made. */
function readLease({ metadata, spec = {} }: Lease): BranchRecord | undefined {
    const { annotations = {}, name, resourceVersion: version, creationTimestamp } = metadata;
    const [branch, repository] = [annotations[field("branch")], annotations[field("repository")]];
    if (!branch || !repository || metadata.labels?.[label] !== "true") return undefined;
    const created = new Date(creationTimestamp);
    const used = new Date(annotations[field("last-use")] ?? "");
    const { holderIdentity, leaseDurationSeconds = 0, renewTime } = spec;
    const held = holderIdentity && renewTime && Date.now() < Date.parse(renewTime) + leaseDurationSeconds * 1000;
    return {
        name, version, branch, repository, created, used: Number.isNaN(used.getTime()) ? created : used,
        pushed: annotations[field("pushed")] === "true", removing: annotations[field("removing")] === "true", by: annotations[field("by")] ?? "unknown",
        ...(annotations[field("address")] && { address: annotations[field("address")] }),
        ...(held && { heldBy: holderIdentity }),
    };
}

/** The fields to write. */
export type Written = Pick<BranchRecord, "name" | "branch" | "repository" | "used" | "pushed" | "removing" | "by" | "address">;

/**
 * Writes the record and locks the environment for so many seconds from now.
 * @param version the record that it replaces; undefined if there must be none
 * @returns the new version; undefined if someone else has changed the record
 */
export async function writeRecord(
    connection: Connection, record: Written, version: string | undefined, hold?: { by: string; seconds: number },
): Promise<string | undefined> {
    const annotations = Object.fromEntries(Object.entries({
        [madeBy]: `landfall/${record.name}`,
        [field("branch")]: record.branch, [field("repository")]: record.repository, [field("by")]: record.by,
        [field("last-use")]: record.used.toISOString(), [field("address")]: record.address,
        [field("pushed")]: String(record.pushed), [field("removing")]: String(record.removing),
    }).filter(([, value]) => value !== undefined));
    const body: Json = {
        apiVersion: "coordination.k8s.io/v1", kind: "Lease",
        metadata: {
            name: record.name, namespace: namespaces.gateway, annotations, labels: { [label]: "true" },
            ...(version !== undefined && { resourceVersion: version }),
        },
        // Kubernetes wants exactly six digits of a second here.
        spec: hold ? { holderIdentity: hold.by, leaseDurationSeconds: hold.seconds, renewTime: new Date().toISOString().replace("Z", "000Z") } : {},
    };
    const [method, path] = version === undefined ? ["POST", leases] : ["PUT", `${leases}/${record.name}`];
    const written = await send(connection, method, path, { body, seconds: 20 }).catch((error: Error) => {
        if (error instanceof KubernetesError && (error.code === 409 || (error.code === 404 && version !== undefined))) return undefined;
        throw error;
    });
    return (written as Lease | undefined)?.metadata.resourceVersion;
}

/** Deletes the record of a removed environment. */
export async function deleteRecord(connection: Connection, name: string): Promise<void> {
    await send(connection, "DELETE", `${leases}/${name}`, { seconds: 20 }).catch(absent);
}

function absent(error: unknown): undefined {
    if (error instanceof KubernetesError && error.code === 404) return undefined;
    throw error;
}
