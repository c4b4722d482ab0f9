import { Capabilities, noticedAfter } from "../cluster";
import type { GkeArgs } from "./args";
import type { ExternalDns } from "./external-dns";
import { interruptible } from "./nodes";
import type { Registry } from "./registry";

/**
 * What GKE asks the nodes of a Service with the traffic policy Local; no annotation changes it.
 * Source: kubernetes/ingress-gce, pkg/l4/healthchecks/healthchecksl4.go
 */
const healthCheck = { interval: 3, failures: 2, spread: 10 };

/** What the cluster offers. */
export function capabilitiesOf(
    args: GkeArgs, storageClasses: NonNullable<Capabilities["storageClasses"]>, registry: Registry,
    externalDns?: ExternalDns,
): Capabilities {
    const [own, shared] = storageClasses;
    return {
        storageClass: own.name,
        sharedStorageClass: shared.name,
        storageClasses,
        // By backend services, which tell healthy nodes from others; it can't be changed later on.
        loadBalancing: {
            type: "LoadBalancer",
            drainSeconds: noticedAfter(healthCheck),
            seesClients: true,
            annotations: { "cloud.google.com/l4-rbs": "enabled" },
        },
        metrics: "builtin",
        kubeletInsecureTls: false,
        apiServerPorts: [],
        // Of the cache on each node, and of Google's own DNS behind it, which Autopilot asks.
        dnsAddresses: ["169.254.20.10/32", "169.254.169.254/32"],
        externalDns: externalDns?.controller,
        interruptible: interruptible(args),
        networkPolicy: "enforced",
        images: registry.images,
    };
}
