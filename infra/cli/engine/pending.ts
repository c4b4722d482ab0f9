import type { StoredResource } from "./keep";

/** As much of Pulumi's state as tells what a run that was cut off was doing. */
export interface Deployment {
    resources?: StoredResource[];
    pending_operations?: { type: string; resource: StoredResource }[];
}

/**
 * Ends the operations that are under way in a state. What was being made in a Kubernetes cluster may be there, where it is
 * never made twice: it counts as made, and a refresh is to find it or not. Anything else is made again.
 * @returns the state, and the URNs to look for
 */
export function settle(deployment: Deployment): { settled: Deployment; suppose: string[] } {
    const resources = deployment.resources ?? [];
    const known = new Set(resources.map(({ urn }) => urn));
    const supposed = (deployment.pending_operations ?? []).flatMap(({ type, resource }) => {
        const id = objectId(resource);
        return type === "creating" && id && !known.has(resource.urn) ? [{ ...resource, id }] : [];
    });
    return {
        settled: { ...deployment, resources: [...resources, ...supposed], pending_operations: [] },
        suppose: supposed.map(({ urn }) => urn),
    };
}

/** The ID that pulumi-kubernetes gives an object of a cluster: `namespace/name`, or `name`. */
function objectId({ type, inputs }: StoredResource): string | undefined {
    const { name, namespace } = (inputs?.metadata ?? {}) as { name?: string; namespace?: string };
    if (!type.startsWith("kubernetes:") || !name) return undefined;
    return namespace ? `${namespace}/${name}` : name;
}
