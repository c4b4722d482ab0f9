import { isAddress, networkSize, parseNetwork, rangesOverlap } from "../../../components/cluster/ipv4";
import { Violation } from "../schema/rule";
import { subnets } from "./networks";

/** The settings of a machine that the rules compare. */
interface Machine {
    host: string;
    address?: string;
    port?: number;
    role: "control-plane" | "worker";
    hostKey?: string;
}
type Nodes = { nodes: Record<string, Machine> };

export function differentMachines({ nodes }: Nodes): Violation | undefined {
    const seen = new Map<string, string>();
    for (const [name, { host, port: sshPort, address: own = host }] of Object.entries(nodes)) {
        const other = seen.get(`${host}:${sshPort}`) ?? seen.get(own);
        if (other) {
            return {
                keys: ["nodes"], problem: `names one machine twice: ${other} and ${name}`,
                allowed: "every machine once", example: { nodes: { [name]: { host: "203.0.113.11" } } },
            };
        }
        seen.set(`${host}:${sshPort}`, name).set(own, name);
    }
    return undefined;
}

export function addressesKnown({ nodes }: Nodes): Violation | undefined {
    const [name] = Object.entries(nodes).find(([, { host, address: own }]) => !own && !isAddress(host)) ?? [];
    return name === undefined ? undefined : {
        keys: ["nodes"], problem: `does not say which address ${name} has on the machines' network`,
        allowed: "an address beside every host that is a name",
        example: { nodes: { [name]: { host: "server.example.com", address: "192.0.2.11" } } },
    };
}

export function oddControlPlane({ nodes }: Nodes): Violation | undefined {
    const count = Object.values(nodes).filter(({ role }) => role === "control-plane").length;
    return count % 2 === 1 ? undefined : {
        keys: ["nodes"], problem: `has ${count === 0 ? "no" : count} control-plane nodes`,
        allowed: "an odd number of control-plane nodes, since more than half of them must agree: 1, 3 or 5",
        example: { nodes: { server: { host: "203.0.113.11" }, worker: { host: "203.0.113.12", role: "worker" } } },
    };
}

export function oneEndpoint(
    { nodes, virtualAddress, endpoint }: Nodes & { virtualAddress?: string; endpoint?: string },
): Violation | undefined {
    const several = Object.values(nodes).filter(({ role }) => role === "control-plane").length > 1;
    const violation = (problem: string): Violation => ({
        keys: ["virtualAddress", "endpoint"], problem,
        allowed: "a free address, or {cluster.endpoint}: a load balancer that you have",
        example: { nodes: { server: { host: "203.0.113.11" } }, virtualAddress: "203.0.113.10" },
    });
    if (virtualAddress !== undefined && endpoint !== undefined) return violation("and {cluster.endpoint} are both given");
    if (Object.values(nodes).some(({ host, address: own = host }) => own === virtualAddress)) {
        return violation("is a machine's own address");
    }
    return several && virtualAddress === undefined && endpoint === undefined
        ? violation("is missing: several control-plane nodes need one address for the API") : undefined;
}

/** The last number of a virtual address also identifies its group of nodes. */
export function ownGatewayAddress(
    { nodes, virtualAddress, gatewayAddress }: Nodes & { virtualAddress?: string; gatewayAddress?: string },
): Violation | undefined {
    const last = (given?: string) => given?.split(".")[3];
    const taken = Object.values(nodes).some(({ host, address: own = host }) => own === gatewayAddress);
    const clash = gatewayAddress !== undefined && last(virtualAddress) === last(gatewayAddress);
    return !taken && !clash ? undefined : {
        keys: ["gatewayAddress", "virtualAddress"],
        problem: taken ? "is a machine's own address" : "ends with the same number as {cluster.virtualAddress}",
        allowed: "a free address with a last number of its own",
        example: { nodes: { server: { host: "203.0.113.11" } }, gatewayAddress: "203.0.113.9" },
    };
}

/** A fingerprint is compared with the machine's key, which can't be read through another machine. */
export function keysThroughBastion({ nodes, ssh: { bastion } }: Nodes & { ssh: { bastion?: string } }): Violation | undefined {
    const [name] = Object.entries(nodes).find(([, { hostKey: key }]) => key?.startsWith("SHA256:")) ?? [];
    return bastion === undefined || name === undefined ? undefined : {
        keys: ["nodes", "ssh"], problem: `gives the fingerprint of ${name}, which is behind a bastion`,
        allowed: "behind {cluster.ssh.bastion}, the host key itself or one in known_hosts",
        example: { nodes: { [name]: { host: "203.0.113.11", hostKey: `ssh-ed25519 ${"A".repeat(68)}` } } },
    };
}

export function oneKey({ ssh: { key, privateKey } }: { ssh: { key?: string; privateKey?: string } }): Violation | undefined {
    return key === undefined || privateKey === undefined ? undefined : {
        keys: ["ssh.key", "ssh.privateKey"], problem: "is a second key", allowed: "one of them",
        example: { nodes: { server: { host: "203.0.113.11" } }, ssh: { key: "~/.ssh/id_ed25519" } },
    };
}

export function ownNetwork(
    { network: chosen, networkManifest }: { network?: string; networkManifest?: string },
): Violation | undefined {
    return networkManifest === undefined || chosen !== "kube-router" ? undefined : {
        keys: ["networkManifest", "network"], problem: "is a second pod network",
        allowed: "one of them",
        example: {
            nodes: { server: { host: "203.0.113.11" } }, networkManifest: "./network.yaml",
        },
    };
}

export function nodesOutside(
    { nodes, podSubnet, serviceSubnet, ...virtual }: Nodes & {
        podSubnet: string; serviceSubnet: string; virtualAddress?: string; gatewayAddress?: string;
    },
): Violation | undefined {
    const machines = Object.entries(nodes).map(([name, { host, address: own = host }]) => [`the address of ${name}`, own] as const);
    const others = Object.entries(virtual).map(([key, own]) => [`{cluster.${key}}`, own] as const);
    const inside = (key: "podSubnet" | "serviceSubnet", subnet: string): Violation | undefined => {
        const range = parseNetwork(subnet);
        const [holder] = [...machines, ...others].find(([, own]) => {
            const single = parseNetwork(`${own}/32`);
            return range && single && rangesOverlap(range, single);
        }) ?? [];
        return holder === undefined ? undefined : {
            keys: [key, "nodes"], problem: `holds ${holder}`,
            allowed: "a network that no machine is in", example: { nodes: { server: { host: "203.0.113.11" } }, ...subnets },
        };
    };
    return inside("podSubnet", podSubnet) ?? inside("serviceSubnet", serviceSubnet);
}

/** kubeadm gives every node a /24 of the pod network. */
export function podsOfNodes({ nodes, podSubnet }: Nodes & { podSubnet: string }): Violation | undefined {
    const pods = parseNetwork(podSubnet);
    const [holds, count] = [pods ? networkSize(pods.prefix) / networkSize(24) : 0, Object.keys(nodes).length];
    return count <= holds ? undefined : {
        keys: ["podSubnet", "nodes"], problem: `has room for ${holds} node${holds === 1 ? "" : "s"} only, and there are ${count}`,
        allowed: "a network with a /24 for every node", example: { nodes: { server: { host: "203.0.113.11" } }, ...subnets },
    };
}

/** SSH may use a forwarded port of this computer, but the machines can't reach each other through it. */
export function reachableMachines({ nodes }: Nodes): Violation | undefined {
    const unreachable = (own: string): boolean => isAddress(own) && /^(0|127|22[4-9]|2[3-5]\d)\./.test(own);
    const [name] = Object.entries(nodes).find(([, { host, address: own = host }]) => unreachable(own)) ?? [];
    return name === undefined ? undefined : {
        keys: ["nodes"], problem: `gives ${name} an address that other machines don't reach`,
        allowed: "beside such a host, the machine's address on the machines' network",
        example: { nodes: { [name]: { host: "127.0.0.1", address: "192.0.2.11" } } },
    };
}
