import { gatewayPorts } from "../gateway-ports";

/** Where the nodes see the volumes' directory. */
export const sharedDirectory = "/var/landfall/volumes";

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

const untainted = JSON.stringify({ kind: "InitConfiguration", nodeRegistration: { taints: [] } });

/**
 * Renders the input of `kind create cluster --config`; JSON is YAML, and a script reads it without a library. A change
 * to what is rendered replaces every user's cluster. Kubelets reserve nothing here: each takes the whole computer for its
 * own, which it shares with the others and with what the person does on it.
 */
export function renderKindConfig(args: KindConfigArgs): string {
    const node = {
        image: args.image,
        extraMounts: [{ hostPath: args.data, containerPath: sharedDirectory }],
    };
    const controlPlane = {
        role: "control-plane",
        ...node,
        // The control plane takes pods too: a laptop has no node to spare, and two nodes are two places for replicas.
        // Of a single node kind takes the taint away itself, and fails where there is none.
        kubeadmConfigPatches: args.nodes > 1 ? [untainted] : undefined,
        extraPortMappings: [publish(args.http, gatewayPorts.http), publish(args.https, gatewayPorts.https)],
    };
    const workers = Array.from({ length: args.nodes - 1 }, () => ({ role: "worker", ...node }));
    return JSON.stringify({
        kind: "Cluster",
        apiVersion: "kind.x-k8s.io/v1alpha4",
        networking: {
            apiServerAddress: "127.0.0.1",
            podSubnet: args.podSubnet,
            serviceSubnet: args.serviceSubnet,
        },
        nodes: [controlPlane, ...workers],
    }, undefined, 2);
}

function publish(hostPort: number, containerPort: number): object {
    return { containerPort, hostPort, listenAddress: "127.0.0.1", protocol: "TCP" };
}
