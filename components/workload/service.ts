import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Metadata, selectorLabels } from "./labels";

/** The ports of a workload's container. */
interface Ports {
    /** The main one. Its Service has port 80 for it. */
    port: number;
    /** Ports that the Service has under the container's own numbers. */
    tcpPorts?: number[];
    /** Further names in its namespace: each becomes one more Service with the same ports. */
    networkAliases?: string[];
    /** Whether its environment sleeps: then it has no pods at times, and Pulumi must not wait for one. @default false */
    sleeps?: boolean;
}

/** Creates the Services in front of the ready pods, and returns the one with the workload's own name. */
export function createService(
    metadata: Metadata, { port, tcpPorts = [], networkAliases = [], sleeps = false }: Ports, options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Service {
    const others = [...new Set(tcpPorts)].filter(other => other !== 80);
    const [service] = [metadata.name, ...networkAliases].map(name => new kubernetes.core.v1.Service(name, {
        metadata: { ...metadata, name, ...(sleeps && { annotations: { "pulumi.com/skipAwait": "true" } }) },
        spec: {
            selector: selectorLabels(metadata.name),
            ports: [
                { name: "http", port: 80, targetPort: "main", appProtocol: "http" },
                ...others.map(other => ({ name: `tcp-${other}`, port: other, targetPort: other === port ? "main" : other })),
            ],
        },
    }, options));
    return service;
}
