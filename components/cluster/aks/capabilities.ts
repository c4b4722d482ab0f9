import type { Capabilities } from "../cluster";
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
            annotations: {
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
