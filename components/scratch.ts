import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { isQuantity, mebibytes } from "./quantity";

type Volume = kubernetes.types.input.core.v1.Volume;
type Resources = Record<"requests" | "limits", Record<string, pulumi.Input<string>>>;

/**
 * Space for a container's log on its node, in MiB. The request fits five files of 10 MiB, the kubelet's default. The limit
 * fits AKS, which keeps five of 50 MiB: the older three are compressed. A file can outgrow its size for ten seconds.
 */
const log = { request: 64, limit: 256 };

/**
 * The ephemeral storage of a container that writes to these volumes and to its log. Without a limit of its own, a pod gets the
 * namespace's default, which considers neither, and a pod that exceeds its limit is evicted. In a pod with several containers,
 * pass each volume for one of them only, because Kubernetes limits the sum.
 *
 * @example resources: { requests: { cpu, ...ephemeral.requests }, limits: { memory, ...ephemeral.limits } }
 * @throws if an emptyDir on the node's disk has no size limit
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

/** In MiB. Volumes in memory, and all others than emptyDir, use no space on the node's disk. */
function sizeOf(volume: Volume): number {
    const { name, emptyDir } = volume as { name: string; emptyDir?: { medium?: string; sizeLimit?: string } };
    if (emptyDir === undefined || emptyDir.medium === "Memory") return 0;
    const { sizeLimit = "" } = emptyDir;
    if (!isQuantity(sizeLimit)) throw new Error(`The emptyDir "${name}" needs a size limit, for example 64Mi.`);
    return mebibytes(sizeLimit);
}
