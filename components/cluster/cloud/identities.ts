/** The controllers of the platform that act in a cloud: who they are in the cluster, so that a target can let them. */
export const identities = {
    clusterAutoscaler: { namespace: "landfall-autoscaler", serviceAccount: "cluster-autoscaler" },
    externalDns: { namespace: "landfall-dns", serviceAccount: "external-dns" },
};
