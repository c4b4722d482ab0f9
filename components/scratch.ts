import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { isQuantity, mebibytes } from "./quantity";

type Volume = kubernetes.types.input.core.v1.Volume;
type Resources = Record<"requests" | "limits", Record<string, pulumi.Input<string>>>;

/**
 * What a container's log takes on its node, in MiB. Kubelets keep five files of 10 MiB, so much is reserved. AKS keeps
 * five of 50 MiB, of which the older three are compressed; a file grows for up to ten seconds before it is rotated.
 */
const log = { request: 64, limit: 256 };

/**
 * The ephemeral storage of a container that writes to these volumes and to its log. Without a limit of its own a pod gets
 * the namespace's default, which knows neither; a pod that outgrows it is evicted. In a pod of several containers the
 * volumes are named for one of them: what Kubernetes limits is the sum.
 *
 * @example resources: { requests: { cpu, ...ephemeral.requests }, limits: { memory, ...ephemeral.limits } }
 * @throws where an emptyDir on the node's disk has no size limit.
 */
export function ephemeralStorage(volumes: Volume[] = []): Record<"requests" | "limits", Record<string, string>> {
    const written = volumes.reduce((sum, volume) => sum + sizeOf(volume), 0);
    return {
        requests: { "ephemeral-storage": `${written + log.request}Mi` },
        limits: { "ephemeral-storage": `${written + log.limit}Mi` },
    };
}

/** Adds the ephemeral storage to a container's other resources. */
export function withEphemeralStorage(resources: Resources, volumes: Volume[] = []): Resources {
    const ephemeral = ephemeralStorage(volumes);
    return {
        requests: { ...resources.requests, ...ephemeral.requests },
        limits: { ...resources.limits, ...ephemeral.limits },
    };
}

/** In MiB. What is kept in memory, and what isn't an emptyDir, takes none of the node's disk. */
function sizeOf(volume: Volume): number {
    const { name, emptyDir } = volume as { name: string; emptyDir?: { medium?: string; sizeLimit?: string } };
    if (emptyDir === undefined || emptyDir.medium === "Memory") return 0;
    const { sizeLimit = "" } = emptyDir;
    if (!isQuantity(sizeLimit)) throw new Error(`The emptyDir "${name}" needs a size limit, for example 64Mi.`);
    return mebibytes(sizeLimit);
}
