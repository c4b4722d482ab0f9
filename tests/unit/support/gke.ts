import type { GkeArgs } from "../../../components/cluster/gke/args";

/** A cluster as the config would describe it. */
export const gkeArgs: { target: "gke" } & GkeArgs = {
    target: "gke",
    name: "landfall-test",
    project: "acme-test",
    region: "europe-west3",
    size: "production",
    kubernetesVersion: "1.35",
    authorizedNetworks: ["203.0.113.0/24"],
    network: "10.20.0.0/16",
    provisioning: "pools",
    maintenance: { day: "Sunday", start: "02:00", hours: 12 },
    tags: {},
    admins: ["group:platform@example.com"],
    viewers: ["user:jane@example.com"],
    dnsZone: "example-com",
};

/** Every size with either way to have nodes. */
export const gkeVariants: [string, { target: "gke" } & GkeArgs][] = (["development", "production"] as const)
    .flatMap(size => (["pools", "auto"] as const).map((provisioning): [string, { target: "gke" } & GkeArgs] =>
        [`${size}, ${provisioning}`, { ...gkeArgs, size, provisioning }]));

export const gkeTypes = {
    cluster: "gcp:container/cluster:Cluster",
    nodePool: "gcp:container/nodePool:NodePool",
    member: "gcp:projects/iAMMember:IAMMember",
    service: "gcp:projects/service:Service",
};
