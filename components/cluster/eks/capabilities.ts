import type { Key } from "@pulumi/aws/kms";
import { Capabilities, ImageDelivery, LoadBalancing, noticedAfter, serviceSeconds } from "../cluster";
import type { Controllers } from "./controllers";
import { servicesOf } from "./control-plane";
import { spotTaint } from "./nodes";
import type { Scope } from "./scope";
import { SharedFiles, storageClassesOf } from "./storage";

export interface Made {
    key: Key;
    files: SharedFiles;
    controllers: Controllers;
    images: ImageDelivery;
}

export function capabilitiesOf(scope: Scope, { key, files, controllers, images }: Made): Capabilities {
    const { args } = scope;
    const auto = args.provisioning === "auto";
    return {
        storageClass: "landfall",
        sharedStorageClass: "landfall-shared",
        storageClasses: storageClassesOf(scope, key, files),
        loadBalancing: auto ? autoBalancer : ownBalancer(scope.tags),
        metrics: "builtin",
        kubeletInsecureTls: false,
        // It listens where its Service does.
        apiServerPorts: [],
        // Auto Mode answers on the node itself, at the address of a Service.
        dnsAddresses: auto ? [`${tenthOf(servicesOf(args.network))}/32`] : undefined,
        clusterAutoscaler: controllers.clusterAutoscaler,
        externalDns: controllers.externalDns,
        interruptible: Object.values(args.nodePools).some(({ spot }) => spot) ? spotTaint : undefined,
        networkPolicy: "enforced",
        images,
    };
}

const annotation = "service.beta.kubernetes.io/aws-load-balancer";

/**
 * AWS allows no fewer wrong answers. For 30 to 40 s after it has noticed, connections still arrive.
 * Source: https://github.com/aws/containers-roadmap/issues/470
 */
const healthCheck = { interval: 10, failures: 2, spread: 40 };

/**
 * Where a load balancer sends to the pods themselves, one that goes is taken off its list, and gets connections for
 * another two minutes. Source: the same, and kubernetes-sigs/aws-load-balancer-controller issue 2366.
 */
const deregistrationSeconds = 120;

/**
 * A Network Load Balancer by the controller that every cluster has in its control plane, so that there is none to
 * install. Each of its zones passes requests to the nodes of all zones: two proxies are not in all three.
 */
function ownBalancer(tags: Record<string, string>): LoadBalancing {
    const list = Object.entries(tags).map(([key, value]) => `${key}=${value}`).join(",");
    return {
        type: "LoadBalancer",
        drainSeconds: noticedAfter(healthCheck),
        seesClients: true,
        annotations: {
            [`${annotation}-type`]: "nlb",
            [`${annotation}-healthcheck-interval`]: String(healthCheck.interval),
            [`${annotation}-healthcheck-healthy-threshold`]: String(healthCheck.failures),
            [`${annotation}-healthcheck-unhealthy-threshold`]: String(healthCheck.failures),
            [`${annotation}-cross-zone-load-balancing-enabled`]: "true",
            [`${annotation}-additional-resource-tags`]: list,
        },
    };
}

/** The same by Auto Mode's controller, which reaches the pods themselves and shows them the client's address. */
const autoBalancer: LoadBalancing = {
    type: "LoadBalancer",
    drainSeconds: serviceSeconds + deregistrationSeconds,
    seesClients: true,
    loadBalancerClass: "eks.amazonaws.com/nlb",
    annotations: {
        [`${annotation}-scheme`]: "internet-facing",
        [`${annotation}-nlb-target-type`]: "ip",
        [`${annotation}-attributes`]: "load_balancing.cross_zone.enabled=true",
        [`${annotation}-target-group-attributes`]: "preserve_client_ip.enabled=true",
    },
};

/** `172.20.0.10` of `172.20.0.0/16`: where kubelets tell pods to find DNS. */
function tenthOf(network: string): string {
    return network.replace(/\.0\/\d+$/, ".10");
}
