import type { Capabilities } from "../cluster";
import type { Dns } from "./dns";
import type { Place } from "./place";
import type { Registry } from "./registry";
import type { Storage } from "./storage";

export function capabilitiesOf(
    storage: Storage, registry: Registry, dns: Dns | undefined, { tags }: Place,
): Capabilities {
    const [disk, shared] = storage.classes;
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
        networkPolicy: "enforced",
        get images() {
            return registry.delivery();
        },
    };
}
