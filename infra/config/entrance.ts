import { gatewayPorts } from "../../components/cluster/cluster";
import { firstAddress } from "../../components/cluster/ipv4";
import type { ClusterSettings } from "./cluster";
import { isPublic } from "./tls";

/** What keeps people elsewhere from the gateway, as far as the settings show it. @example "192.168.1.5 is not public" */
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
