import { UserError } from "../terminal/errors";
import { describe } from "./events";

/** Type of a claim to a volume. */
export const claimType = "kubernetes:core/v1:PersistentVolumeClaim";

/** The parts of a resource in the state that show whether it holds data. */
export interface StoredResource {
    urn: string;
    type: string;
    inputs?: Record<string, unknown>;
    dependencies?: string[];
    deletedWith?: string;
    protect?: boolean;
    retainOnDelete?: boolean;
}

/** The data in a stack. */
export interface HeldData {
    /** The volumes: a claim's namespace and name, or a directory of this computer. */
    volumes: string[];
    /** Whether the volumes outlive a `down` without `--keep-data`, as `landfall:environment.volumes` says. */
    outlives: boolean;
}

/**
 * The resources that `down --keep-data` keeps so that the next start finds the data unchanged: the directory of
 * the volumes, the claims in a cluster that stays (with what they depend on, such as their namespace), and the
 * generated passwords, which the kept database requires.
 */
export function resourcesToKeep(resources: readonly StoredResource[]): Set<string> {
    const byUrn = new Map(resources.map(resource => [resource.urn, resource]));
    const kept = new Set<string>();
    const keep = (urn: string): void => {
        const resource = byUrn.get(urn);
        if (!resource || kept.has(urn)) return;
        kept.add(urn);
        resource.dependencies?.forEach(keep);
    };
    resources.filter(holdsData).forEach(({ urn }) => keep(urn));
    return kept;
}

/** The data in a stack; undefined if there is none. `hasFiles` says whether a directory contains anything. */
export function heldData(resources: readonly StoredResource[], hasFiles: (directory: string) => boolean): HeldData | undefined {
    const claims = resources.filter(({ type }) => type === claimType);
    const directories = resources.filter(isVolumesDirectory).map(({ inputs }) => environmentOf(inputs));
    const inNodes = resources.some(({ type }) => type === "landfall:cluster:Minikube");
    const outlives = claims.every(({ retainOnDelete }) => retainOnDelete === true) && !inNodes
        && directories.every(({ ON_DELETE }) => ON_DELETE === "retain");
    if (claims.length > 0) return { volumes: claims.map(claimName).sort(), outlives };
    // What an earlier `down --keep-data` kept.
    const left = directories.flatMap(({ VOLUMES }) => (VOLUMES && hasFiles(VOLUMES) ? [VOLUMES] : []));
    return left.length > 0 ? { volumes: left, outlives } : undefined;
}

/** An environment in a stack, and its data. */
export interface HeldEnvironment extends HeldData {
    namespace: string;
}

/** The environment in a stack; undefined if it has none. */
export function heldEnvironment(resources: readonly StoredResource[]): HeldEnvironment | undefined {
    const found = resources.find(({ urn, type }) => type === "kubernetes:core/v1:Namespace" && urn.includes("landfall:workload:Environment$"));
    const namespace = found && metadataOf(found).name;
    if (!found || !namespace) return undefined;
    const claims = resources.filter(resource => resource.type === claimType && metadataOf(resource).namespace === namespace);
    return { namespace, volumes: claims.map(claimName).sort(), outlives: found.retainOnDelete === true };
}

function metadataOf({ inputs }: StoredResource): { namespace?: string; name?: string } {
    return (inputs?.metadata ?? {}) as { namespace?: string; name?: string };
}

function claimName(claim: StoredResource): string {
    const { namespace, name } = metadataOf(claim);
    return name ? [namespace, name].filter(Boolean).join("/") : describe(claim.urn);
}

function environmentOf(inputs: StoredResource["inputs"]): Record<string, string | undefined> {
    return (inputs?.environment ?? {}) as Record<string, string | undefined>;
}

function holdsData(resource: StoredResource): boolean {
    if (resource.type.startsWith("random:")) return true;
    return resource.type === claimType ? !resource.deletedWith : isVolumesDirectory(resource);
}

/** Whether the resource creates the directory of the volumes on this computer, and deletes it with its content. */
export function isVolumesDirectory({ type, inputs }: Pick<StoredResource, "type" | "inputs">): boolean {
    return type === "command:local:Command" && /\/delete-volumes\.[a-z]+$/.test(String(inputs?.delete));
}

/** Pulumi notices a protected resource only after it has deleted everything that depends on it. So this looks first. */
export function refuseProtected(resources: readonly StoredResource[]): void {
    const found = resources.find(({ protect }) => protect);
    if (!found) return;
    throw new UserError(
        `${describe(found.urn)} is protected from deletion. To remove it, set ` +
            "landfall:cluster.deletionProtection to false, apply that (npm start, or pulumi up), and run the command " +
            "again. Nothing was changed.",
    );
}
