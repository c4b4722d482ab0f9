import type { ClusterArgs } from "../../../components/cluster";
import type { Registered } from "../../../infra/cli/capture";
import { captureCluster } from "./cluster";

export type BareMetal = Extract<ClusterArgs, { target: "baremetal" }>;

/** Three control-plane nodes and a worker. */
export const bareMetal: BareMetal = {
    target: "baremetal", name: "prod", virtualAddress: "198.18.40.100",
    nodes: {
        one: { host: "198.18.40.11" }, two: { host: "198.18.40.12" }, three: { host: "198.18.40.13" },
        web: { host: "198.18.40.21", role: "worker" },
    },
};

/** What the cluster with these settings registers, by name. */
export async function resourcesOf(settings: Partial<BareMetal> = {}): Promise<Map<string, Registered>> {
    const { resources } = await captureCluster({ ...bareMetal, ...settings });
    return new Map(resources.map(resource => [resource.name.replace("cluster-", ""), resource]));
}
