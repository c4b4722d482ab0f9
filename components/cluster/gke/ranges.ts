import { splitNetwork } from "../ipv4";

/** The parts of the cluster's network. */
export interface Ranges {
    /** Of the pods: the first half. A node takes 128 addresses of it. */
    pods: string;
    /** Of the nodes and load balancers. */
    nodes: string;
    /** Of the Services. */
    services: string;
    /** Of the file systems, which are in a network of Google's that is peered with this one. */
    files: string;
}

/** Cuts the network, of /8 to /18, into its parts. GKE takes no Services' range that is wider than a /16. */
export function cutNetwork(network: string): Ranges {
    const prefix = Number(network.split("/")[1]);
    const narrow = Math.max(prefix + 4, 16);
    const half = 2 ** (31 - prefix);
    const [nodes, services, rest] = splitNetwork(network, narrow, 3, half);
    return {
        pods: splitNetwork(network, prefix + 1, 1)[0],
        nodes,
        services,
        files: splitNetwork(rest, Math.max(prefix + 6, 20), 1)[0],
    };
}
