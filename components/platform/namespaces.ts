import { identities } from "../cluster/cloud/identities";

/** The platform's own namespaces: no environment may have one of these names. */
export const namespaces = {
    /** Of Contour, Envoy and the Gateway object. */
    gateway: "landfall-gateway",
    /** Of cert-manager and of all that it works on: it has no rights on Secrets anywhere else. */
    certificates: "landfall-certificates",
    metrics: "landfall-metrics",
    storage: "landfall-storage",
    /** Of MetalLB: it reads its settings there, and writes nothing anywhere else but the Services' addresses. */
    loadBalancer: "landfall-load-balancer",
    clusterAutoscaler: identities.clusterAutoscaler.namespace,
    externalDns: identities.externalDns.namespace,
};
