import type { ResourceState } from "./state";

/**
 * Deletes each resource once all that depend on it are gone; what does not depend on each other goes at the same time.
 * After an error nothing further is begun. The resources are in the order of dependency.
 */
export async function deleteInReverse(
    resources: readonly ResourceState[],
    remove: (resource: ResourceState) => Promise<void>,
): Promise<void> {
    const done = new Map<ResourceState, Promise<void>>();
    let failed = false;
    for (const resource of [...resources].reverse()) {
        // All that may depend on it stand behind it, so their promises are there already.
        const dependants = [...done].filter(([other]) => dependsOn(other, resource)).map(([, promise]) => promise);
        const removal = Promise.all(dependants).then(async () => {
            if (failed) return;
            await remove(resource);
        });
        removal.catch(() => (failed = true));
        done.set(resource, removal);
    }
    const results = await Promise.allSettled(done.values());
    const error = results.find(result => result.status === "rejected");
    if (error) throw error.reason;
}

function dependsOn(resource: ResourceState, other: ResourceState): boolean {
    const provider = resource.provider?.startsWith(`${other.urn}::`) ?? false;
    return provider || resource.parent === other.urn || resource.dependsOn.includes(other.urn);
}
