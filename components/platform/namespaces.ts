import { controllerAccounts } from "../cluster/cluster";

/** The ConfigMap in the gateway's namespace that describes the platform: a key for each field, as JSON. */
export const platformConfigMap = "landfall-platform";

/** The platform's own namespaces: no environment may have one of these names. */
export const namespaces = {
    /** Of Contour, Envoy and the Gateway object. */
    gateway: "landfall-gateway",
    /** Of cert-manager and all its objects: it has no rights on Secrets anywhere else. */
    certificates: "landfall-certificates",
    metrics: "landfall-metrics",
    storage: "landfall-storage",
    /** Of MetalLB, which reads its settings there. Elsewhere it only writes the Services' addresses. */
    loadBalancer: "landfall-load-balancer",
    /** Of the logs' store. */
    logs: "landfall-logs",
    /** Of the logs' collector alone, because it reads the nodes' files. */
    logCollector: "landfall-log-collector",
    clusterAutoscaler: controllerAccounts.clusterAutoscaler.namespace,
    externalDns: controllerAccounts.externalDns.namespace,
};
