import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Capabilities, Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { objectLabels, selectorLabels } from "./labels";

type NetworkPolicySpec = kubernetes.types.input.networking.v1.NetworkPolicySpec;
type PolicyPeer = kubernetes.types.input.networking.v1.NetworkPolicyPeer;

/** A workload's pods, as one side of a connection. */
export interface Peer {
    /** The workload's name, for example `web`. */
    readonly name: string;
    /** Namespace of its pods. */
    readonly namespace: pulumi.Input<string>;
    readonly cluster: Cluster;
    /** What the names of policies in its namespace begin with, if the namespace belongs to another stack. @example "uat." */
    readonly policyPrefix?: string;
}

/** A workload that listens on a TCP port of its pods. */
export interface Listener extends Peer {
    readonly port: number;
    /** Further TCP ports. */
    readonly otherPorts?: readonly number[];
}

/** Denies all traffic to and from every pod of the namespace that no other policy allows. */
export const denyAll: NetworkPolicySpec = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };

/**
 * Lets every pod of the namespace reach the cluster's DNS: its pods, the caches on the nodes if there are any, and
 * addresses that belong to no pod. Pods are selected by label, because address blocks never match pods on Cilium.
 */
export function allowDns({ dnsAddresses = [] }: Pick<Capabilities, "dnsAddresses">): NetworkPolicySpec {
    const pods = ["kube-dns", "node-local-dns"].map(name => ({
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
        podSelector: { matchLabels: { "k8s-app": name } },
    }));
    return {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [{
            to: [...pods, ...dnsAddresses.map(cidr => ({ ipBlock: { cidr } }))],
            ports: [{ port: 53, protocol: "UDP" }, { port: 53, protocol: "TCP" }],
        }],
    };
}

/** Egress to the API server. Its address differs between clusters, and it isn't a pod that a policy could select. */
export function toApiServer({ apiServerPorts }: Capabilities): { ports: { port: number; protocol: string }[] } {
    return { ports: [443, ...apiServerPorts].map(port => ({ port, protocol: "TCP" })) };
}

/** Creates a NetworkPolicy `name` in `namespace`. */
export function networkPolicy(
    name: string,
    namespace: pulumi.Input<string>,
    spec: NetworkPolicySpec,
    options: pulumi.CustomResourceOptions,
    objectName: string = name,
): kubernetes.networking.v1.NetworkPolicy {
    const metadata = { name: objectName, namespace, labels: objectLabels("network-policy") };
    return new kubernetes.networking.v1.NetworkPolicy(name, { metadata, spec }, options);
}

/**
 * Allows connections from `from` to `to`, with an egress policy at one end and an ingress policy at the other.
 * All other traffic stays denied by the namespaces' default policy.
 */
export function allowConnection(parent: pulumi.Resource, from: Peer, to: Listener): pulumi.Resource[] {
    const ports = [to.port, ...to.otherPorts ?? []].map(port => ({ port, protocol: "TCP" }));
    const name = `${from.name}-to-${to.name}-egress`;
    const egress = networkPolicy(name, from.namespace, {
        podSelector: { matchLabels: selectorLabels(from.name) },
        policyTypes: ["Egress"],
        egress: [{ to: [peer(to)], ports }],
    }, inCluster(from.cluster, parent), `${from.policyPrefix ?? ""}${name}`);
    const ingress = networkPolicy(`${from.name}-to-${to.name}-ingress`, to.namespace, {
        podSelector: { matchLabels: selectorLabels(to.name) },
        policyTypes: ["Ingress"],
        ingress: [{ from: [peer(from)], ports }],
    }, inCluster(to.cluster, parent));
    return [egress, ingress];
}

/** Allows a component's connections to workloads that listen, and to places outside the cluster. */
export function allowConnections(
    from: Peer & pulumi.Resource, { talksTo = [], reaches = [] }: { talksTo?: Listener[]; reaches?: Outside[] },
): pulumi.Resource[] {
    return [...talksTo.flatMap(listener => allowConnection(from, from, listener)), ...allowOutside(from, reaches)];
}

/** A destination outside the cluster. Policies match addresses and ports, not names. */
export interface Outside {
    /** Name of the policy's rule, for readers. @example "mail" */
    name: string;
    /** TCP port. */
    port: number;
    /** IPv4 networks, or `public` for every public address. */
    networks: string[];
}

/** All networks that aren't public, including the clouds' metadata services. */
const notPublic = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
    "198.18.0.0/15", "224.0.0.0/3",
];

/** Allows connections from `from` to destinations outside the cluster, with one policy for each. */
function allowOutside(from: Peer & pulumi.Resource, places: Outside[]): pulumi.Resource[] {
    return places.map(({ name, port, networks }) => networkPolicy(`${from.name}-to-${name}`, from.namespace, {
        podSelector: { matchLabels: selectorLabels(from.name) },
        policyTypes: ["Egress"],
        egress: [{
            to: networks.map(cidr =>
                ({ ipBlock: cidr === "public" ? { cidr: "0.0.0.0/0", except: notPublic } : { cidr } })),
            ports: [{ port, protocol: "TCP" }],
        }],
    }, inCluster(from.cluster, from)));
}

function peer(side: Peer): PolicyPeer {
    return {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": side.namespace } },
        podSelector: { matchLabels: selectorLabels(side.name) },
    };
}
