import type { StoredResource } from "./keep";

/** The parts of Pulumi's state that show what an interrupted run was doing. */
export interface Deployment {
    resources?: StoredResource[];
    pending_operations?: { type: string; resource: StoredResource }[];
}

/**
 * Resolves the pending operations in a state. An object that was being created in a Kubernetes cluster may exist and can't
 * be created twice: it counts as created, and a refresh finds out. Anything else is created again.
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
