import * as pulumi from "@pulumi/pulumi";
import { connect, type Connection, KubernetesError, read } from "../cluster/kubernetes-api";
import { madeBy } from "../cluster/ownership/marks";
import { activatorName } from "./labels";

/** A persistent volume, as its claim describes it. */
interface StandingVolume {
    /** Name of the claim. @example "database-data" */
    name: string;
    /** The workload that it belongs to. @example "database" */
    owner: string;
    /** Size that its claim requests. @example "5Gi" */
    size: string;
    /** Actual size; undefined if it isn't bound. */
    capacity?: string;
    accessMode: string;
    /** StorageClass that the claim names; undefined if it names none. */
    storageClass?: string;
    /** Why it can't grow; undefined if it can. */
    fixed?: string;
    /** Its directory on the nodes, if pods on any node can use it. @example "/srv/landfall/shop/uploads" */
    directory?: string;
}

/** What exists of a stack's environment. */
export interface StandingEnvironment {
    /** Namespace that the stack's environment has now. */
    namespace?: string;
    /** The volumes in the requested namespace. */
    volumes: StandingVolume[];
    /** The cluster's StorageClasses by name, and whether each is the default; undefined if the cluster doesn't say. */
    classes?: Record<string, boolean>;
}

interface Quota {
    metadata: { namespace: string; annotations?: Record<string, string> };
}

interface Claim {
    metadata: { name: string; labels?: Record<string, string>; managedFields?: ManagedFields[]; deletionTimestamp?: string };
    spec: { accessModes: string[]; storageClassName?: string; volumeName?: string; resources: { requests: { storage: string } } };
    status?: { capacity?: { storage?: string } };
}

interface Volume {
    metadata: { name: string };
    spec: { hostPath?: { path: string }; nodeAffinity?: object };
}

interface StorageClass {
    metadata: { name: string; annotations?: Record<string, string> };
    provisioner: string;
    allowVolumeExpansion?: boolean;
}

interface ManagedFields {
    operation: string;
    fieldsV1?: { "f:spec"?: Record<string, unknown> };
}

interface Scaled {
    metadata: { name: string; labels?: Record<string, string> };
    spec: { replicas?: number };
}

/** Seconds for which an update waits for a cluster that doesn't answer at once: it would be changed as soon as it does. */
const updatePatience = 60;

/**
 * Reads what exists. If the cluster doesn't answer (for example in a preview while it is stopped), or denies access to the
 * namespace's claims, there is nothing to compare, and nothing can be changed in it either.
 */
export async function readEnvironment(
    kubeconfig: string, namespace: string, stack: string, patience = pulumi.runtime.isDryRun() ? 0 : updatePatience,
): Promise<StandingEnvironment> {
    const found = await readObjects(kubeconfig, namespace, patience).catch(() => undefined);
    if (found === undefined) return { volumes: [] };
    const ownerOf = ({ metadata }: Quota): string | undefined => metadata.annotations?.[madeBy];
    const own = found.quotas.filter(quota => ownerOf(quota) === stack).map(({ metadata }) => metadata.namespace);
    // The namespace is refused as someone else's; its volumes say nothing about this stack.
    const isOthers = found.quotas.some(quota => quota.metadata.namespace === namespace && ![undefined, stack].includes(ownerOf(quota)));
    return {
        // While one is being replaced, both may exist.
        namespace: own.includes(namespace) ? namespace : own[0],
        volumes: found.claims.filter(({ metadata }) => !isOthers && metadata.deletionTimestamp === undefined)
            .map(claim => describeVolume(claim, found)),
        classes: found.classes && Object.fromEntries(found.classes.map(({ metadata: { name, annotations } }) =>
            [name, annotations?.["storageclass.kubernetes.io/is-default-class"] === "true"])),
    };
}

/** Whether the environment sleeps: it has an activator, and all else is scaled to 0. A cluster that doesn't answer or tell has none. */
export async function readAsleep(kubeconfig: string, namespace: string): Promise<boolean> {
    const patience = pulumi.runtime.isDryRun() ? 0 : updatePatience;
    const found = await connect(kubeconfig).then(connection => Promise.all(["deployments", "statefulsets"].map(kind =>
        listOf<Scaled>(connection, `/apis/apps/v1/namespaces/${namespace}/${kind}`, patience)))).catch(() => []);
    const own = found.flat().filter(({ metadata }) => metadata.labels?.["app.kubernetes.io/part-of"] === "landfall");
    const workloads = own.filter(({ metadata }) => metadata.name !== activatorName);
    return own.length > workloads.length && workloads.length > 0 && workloads.every(({ spec }) => spec.replicas === 0);
}

async function readObjects(kubeconfig: string, namespace: string, patience: number) {
    const connection = await connect(kubeconfig);
    const list = <T>(path: string): Promise<T[]> => listOf<T>(connection, path, patience);
    const [quotas, claims, classes, volumes] = await Promise.all([
        // Without the right to see what isn't in the namespace, the rest is still compared.
        list<Quota>("/api/v1/resourcequotas").catch(unlessForbidden),
        list<Claim>(`/api/v1/namespaces/${namespace}/persistentvolumeclaims`),
        list<StorageClass>("/apis/storage.k8s.io/v1/storageclasses").catch(unlessForbidden),
        list<Volume>("/api/v1/persistentvolumes").catch(() => []),
    ]);
    return { quotas: quotas ?? [], claims, classes, volumes };
}

function unlessForbidden(error: Error): undefined {
    if (!(error instanceof KubernetesError && error.code === 403)) throw error;
}

async function listOf<T>(connection: Connection, path: string, patience: number): Promise<T[]> {
    const found = await read(connection, path, { patience });
    return (found?.items ?? []) as T[];
}

function describeVolume(
    { metadata, spec, status }: Claim, { classes = [], volumes }: { classes?: StorageClass[]; volumes: Volume[] },
): StandingVolume {
    const volume = volumes.find(({ metadata: { name } }) => name === spec.volumeName)?.spec;
    const applied = (metadata.managedFields ?? []).filter(({ operation }) => operation === "Apply");
    // If admission filled it in, nobody applied it; applying it now would replace the claim.
    const named = applied.length === 0 || applied.some(({ fieldsV1 }) => fieldsV1?.["f:spec"]?.["f:storageClassName"]);
    return {
        name: metadata.name,
        owner: metadata.labels?.["app.kubernetes.io/name"] ?? "",
        size: spec.resources.requests.storage,
        capacity: status?.capacity?.storage,
        accessMode: spec.accessModes[0],
        storageClass: named ? spec.storageClassName : undefined,
        fixed: whyFixed(classes.find(({ metadata: { name } }) => name === spec.storageClassName)),
        directory: volume?.nodeAffinity ? undefined : volume?.hostPath?.path,
    };
}

/** Drivers of volumes that are directories, whose size nothing enforces. */
const directories = /^landfall\.dev\/|local-path|hostpath/;

function whyFixed(found: StorageClass | undefined): string | undefined {
    if (found === undefined || found.allowVolumeExpansion === true) return undefined;
    const free = directories.test(found.provisioner)
        ? "; its volumes are directories, which may hold more than their size as long as the disk has room" : "";
    return `its class ${found.metadata.name} can't grow a volume${free}`;
}
