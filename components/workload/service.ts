import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Metadata, selectorLabels } from "./labels";

/** The ports of a workload's container. */
interface Ports {
    /** The main one. Its Service has port 80 for it. */
    port: number;
    /** Ports that the Service has under the container's own numbers. */
    tcpPorts?: number[];
    /** Whether its environment sleeps: then it has no pods at times, and Pulumi must not wait for one. @default false */
    sleeps?: boolean;
}

/** Creates the Service, in front of the ready pods. */
export function createService(
    metadata: Metadata, { port, tcpPorts = [], sleeps = false }: Ports, options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.Service {
    const others = [...new Set(tcpPorts)].filter(other => other !== 80);
    return new kubernetes.core.v1.Service(metadata.name, {
        metadata: { ...metadata, ...(sleeps && { annotations: { "pulumi.com/skipAwait": "true" } }) },
        spec: {
            selector: selectorLabels(metadata.name),
            ports: [
                { name: "http", port: 80, targetPort: "main", appProtocol: "http" },
                ...others.map(other => ({ name: `tcp-${other}`, port: other, targetPort: other === port ? "main" : other })),
            ],
        },
    }, options);
}
