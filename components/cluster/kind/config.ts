import { gatewayPorts } from "../cluster";

/** Where the nodes see the directory for volumes. Only Landfall's nodes have it, so it also tells them from others. */
export const sharedDirectory = "/var/landfall/volumes";

/** File that marks a directory for volumes as Landfall's. */
export const markFile = ".landfall";

export interface KindConfigArgs {
    nodes: number;
    image: string;
    http: number;
    https: number;
    /** May begin with `~`, which the script resolves, so that the config is the same on every computer. */
    data: string;
    podSubnet?: string;
    serviceSubnet?: string;
}

/** The part of kind's own format that Landfall uses. */
export interface KindConfig {
    kind: "Cluster";
    apiVersion: string;
    networking: { apiServerAddress: string; podSubnet?: string; serviceSubnet?: string };
    /** The control plane first. */
    nodes: {
        role: "control-plane" | "worker";
        image: string;
        extraMounts: { hostPath: string; containerPath: string; readOnly?: boolean }[];
        kubeadmConfigPatches?: string[];
        extraPortMappings?: PortMapping[];
    }[];
}

interface PortMapping {
    containerPort: number;
    hostPort: number;
    listenAddress: string;
    protocol: string;
}

const untainted = JSON.stringify({ kind: "InitConfiguration", nodeRegistration: { taints: [] } });

/**
 * Renders the input of `kind create cluster --config`. It is JSON, which is valid YAML, so that scripts can read it without a
 * library. If the result changes, every user's cluster is replaced. Kubelets reserve no resources: each of them counts the
 * whole computer as its own, although the nodes and the user share it.
 */
export function renderKindConfig(args: KindConfigArgs): string {
    const node = {
        image: args.image,
        extraMounts: [{ hostPath: args.data, containerPath: sharedDirectory }],
    };
    const controlPlane: KindConfig["nodes"][number] = {
        role: "control-plane",
        ...node,
        // The control plane runs pods too: a laptop has no node to spare, and replicas then have two nodes.
        // With a single node, kind removes the taint itself and fails if there is none.
        kubeadmConfigPatches: args.nodes > 1 ? [untainted] : undefined,
        extraPortMappings: [publish(args.http, gatewayPorts.http), publish(args.https, gatewayPorts.https)],
    };
    const config: KindConfig = {
        kind: "Cluster",
        apiVersion: "kind.x-k8s.io/v1alpha4",
        networking: {
            apiServerAddress: "127.0.0.1",
            podSubnet: args.podSubnet,
            serviceSubnet: args.serviceSubnet,
        },
        nodes: [controlPlane, ...Array.from({ length: args.nodes - 1 }, () => ({ role: "worker" as const, ...node }))],
    };
    return JSON.stringify(config, undefined, 2);
}

function publish(hostPort: number, containerPort: number): PortMapping {
    return { containerPort, hostPort, listenAddress: "127.0.0.1", protocol: "TCP" };
}
