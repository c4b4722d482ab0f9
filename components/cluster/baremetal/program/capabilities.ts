import type { Capabilities } from "../../cluster";
import type { BareMetalArgs } from "../args";
import { DescribedCluster, volumesDirectory } from "./describe";
import { loadBalancingOf } from "./load-balancing";
import type { FoundNodes } from "./lookup";
import { secretEnvironment } from "./secrets";

const local = "landfall-local";
const shared = "landfall-shared";

export function capabilitiesOf(
    args: BareMetalArgs, described: DescribedCluster, { members, incarnation }: FoundNodes, scripts: string,
): Capabilities {
    const { nodes, facts, ssh, secrets } = described;
    return {
        ...storageOf(args, nodes.length === 1),
        incarnation,
        loadBalancing: loadBalancingOf(args, described),
        metrics: "install",
        kubeletInsecureTls: false,
        apiServerPorts: [6443],
        networkPolicy: facts.network === "kube-router" ? "enforced" : "unknown",
        images: {
            method: "load",
            script: `${scripts}/load-image.ts`,
            platform: args.platform,
            // A machine that was installed anew has no images yet.
            environment: {
                NODES: JSON.stringify(nodes), SSH: JSON.stringify(ssh), MEMBERS: JSON.stringify(members),
                ...secretEnvironment(secrets),
            },
        },
        imagesByTag: args.bundle !== undefined,
    };
}

/** Pods on the same machine share its disk; of several machines each has its own. */
export function storageOf({ sharedDirectory }: BareMetalArgs, single: boolean): Partial<Capabilities> {
    if (single) return { storageClass: local, sharedStorageClass: local, sharedDirectory: sharedDirectory ?? volumesDirectory };
    return {
        storageClass: local,
        localDirectory: volumesDirectory,
        ...(sharedDirectory !== undefined && { sharedStorageClass: shared, sharedDirectory }),
    };
}
