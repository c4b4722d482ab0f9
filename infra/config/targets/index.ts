import * as z from "zod";
import { gatewayPorts } from "../../../components/cluster/cluster";
import { firstAddress } from "../../../components/cluster/ipv4";
import type { ManifestsWanted } from "../../../components/platform/manifests";
import { Context } from "../schema/defaults";
import { isPublic } from "../sections/tls";
import { aks } from "./aks";
import { baremetal } from "./baremetal";
import { eks } from "./eks";
import { existing } from "./existing";
import { gke } from "./gke";
import { kind } from "./kind";
import { minikube } from "./minikube";

/**
 * `landfall:cluster`: where the cluster comes from. A new target's settings are a file in this folder and an entry here;
 * `targets` in components/cluster/index.ts says what else it needs.
 */
export function clusterSchema(context: Context) {
    return z.discriminatedUnion("target", [
        kind(context), minikube(context), existing(context), baremetal(context), eks(context), gke(context), aks(context),
    ]);
}

export type ClusterSettings = z.output<ReturnType<typeof clusterSchema>>;
export type Target = ClusterSettings["target"];
/** Whether another stack made the cluster's platform. */
export function sharesPlatform(cluster: ClusterSettings): cluster is ExistingSettings {
    return cluster.target === "existing" && cluster.sharedPlatform;
}

type ExistingSettings = Extract<ClusterSettings, { target: "existing" }>;
export type BareMetalSettings = Extract<ClusterSettings, { target: "baremetal" }>;

/** The additional manifests that the platform needs on this cluster. */
export function manifestsFor({ cluster }: { cluster: ClusterSettings }): ManifestsWanted {
    return { metallb: "addressPool" in cluster && cluster.addressPool !== undefined };
}

/** Why people elsewhere can't reach the gateway, if the settings show that. @example "192.168.1.5 is not public" */
export function obstacleBefore(cluster: ClusterSettings): string | undefined {
    if (cluster.target === "existing") {
        return cluster.loadBalancer === "NodePort" ? `the nodes answer on port ${cluster.http} ({cluster.loadBalancer})` : undefined;
    }
    if (cluster.target !== "baremetal") return undefined;
    const { addressPool, gatewayAddress, nodes } = cluster;
    const [first, ...others] = Object.values(nodes);
    const [key, ...ways]: [string, ...(string | undefined)[]] = addressPool ? ["addressPool", firstAddress(addressPool)]
        : gatewayAddress !== undefined ? ["gatewayAddress", gatewayAddress]
        : others.length === 0 ? ["nodes", first.host, first.address] : ["nodes"];
    const known = ways.filter(way => way !== undefined);
    if (known.some(way => isPublic(way))) return undefined;
    const what = known.length > 0 ? `${known[0]} is not public` : `the machines answer on port ${gatewayPorts.http}`;
    return `${what} ({cluster.${key}})`;
}
