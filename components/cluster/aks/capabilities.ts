import { Capabilities, noticedAfter } from "../cluster";
import type { Dns } from "./dns";
import { spotTaint } from "./nodes";
import type { Place } from "./place";
import type { Registry } from "./registry";
import type { AksSettings } from "./sizes";
import type { Storage } from "./storage";

export interface Parts {
    storage: Storage;
    registry: Registry;
    dns?: Dns;
}

/** The least of both that Azure allows (kubernetes-sigs/cloud-provider-azure, azure_loadbalancer_healthprobe.go). */
const healthCheck = { interval: 5, failures: 2, spread: 10 };

export function capabilitiesOf(
    { nodePools }: AksSettings, { storage, registry, dns }: Parts, { tags }: Place,
): Capabilities {
    const [disk, shared] = storage.classes;
    const hasSpot = Object.values(nodePools).some(({ spot }) => spot);
    return {
        storageClass: disk.name,
        sharedStorageClass: shared.name,
        storageClasses: storage.classes,
        loadBalancing: {
            type: "LoadBalancer",
            drainSeconds: noticedAfter(healthCheck),
            seesClients: true,
            annotations: {
                "service.beta.kubernetes.io/azure-load-balancer-health-probe-interval": String(healthCheck.interval),
                "service.beta.kubernetes.io/azure-load-balancer-health-probe-num-of-probe":
                    String(healthCheck.failures),
                "service.beta.kubernetes.io/azure-pip-tags":
                    Object.entries(tags).map(([key, value]) => `${key}=${value}`).join(","),
            },
        },
        metrics: "builtin",
        kubeletInsecureTls: false,
        apiServerPorts: [],
        externalDns: dns?.controller,
        interruptible: hasSpot ? spotTaint : undefined,
        networkPolicy: "enforced",
        get images() {
            return registry.delivery();
        },
    };
}
