import * as pulumi from "@pulumi/pulumi";
import { isIPv4 } from "node:net";
import { Capabilities, CloudController, controllerAccounts } from "../cluster/cluster";
import { images } from "../versions";
import { createCloudController } from "./cloud-controller";

/** A record to create in a host's DNS zone, if external-dns doesn't. */
export interface DnsRecord {
    /** @example "www.example.com" */
    name: string;
    type: "A" | "CNAME";
    value: string;
}

/** The records that point hosts at the gateway's load balancer; undefined if there is none. */
export function recordsFor(
    hosts: string[], endpoint: pulumi.Output<string>, { loadBalancing }: Pick<Capabilities, "loadBalancing">,
): pulumi.Output<DnsRecord[]> | undefined {
    return loadBalancing.type === "LoadBalancer" ? endpoint.apply(balancer => dnsRecords(hosts, balancer)) : undefined;
}

/** The records that point hosts at a load balancer's host name or IPv4 address; none before it has one. */
export function dnsRecords(hosts: string[], balancer: string): DnsRecord[] {
    if (balancer === "") return [];
    return hosts.map(name => ({ name, type: isIPv4(balancer) ? "A" : "CNAME", value: balancer }));
}

/**
 * Installs external-dns, which keeps a DNS record for every host in the gateway's routes. It only deletes records that it
 * created itself. Permissions follow the project's documentation of its source gateway-httproute.
 */
export function createExternalDns(
    controller: CloudController, capabilities: Capabilities, options: pulumi.CustomResourceOptions,
): void {
    const verbs = ["get", "list", "watch"];
    createCloudController({
        identity: controllerAccounts.externalDns,
        image: images.externalDns,
        args: [
            "--source=gateway-httproute",
            "--registry=txt",
            // The owner of these records; another stack's are left alone.
            `--txt-owner-id=${pulumi.getProject()}-${pulumi.getStack()}`,
            "--policy=sync",
            "--interval=1m",
            "--log-format=json",
        ],
        health: { path: "/healthz", port: 7979 },
        controller,
        capabilities,
        clusterRules: [
            { apiGroups: [""], resources: ["namespaces"], verbs },
            { apiGroups: ["gateway.networking.k8s.io"], resources: ["gateways", "httproutes"], verbs },
        ],
    }, options);
}
