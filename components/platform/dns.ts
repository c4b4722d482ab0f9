import * as pulumi from "@pulumi/pulumi";
import { isIPv4 } from "node:net";
import { getDomain } from "tldts";
import { Capabilities, CloudController, controllerAccounts } from "../cluster/cluster";
import { images } from "../versions";
import { createCloudController } from "./cloud-controller";

/** A record to create in a host's DNS zone, if external-dns doesn't. */
export interface DnsRecord {
    /** @example "www.example.com" */
    name: string;
    /** ALIAS is no type of DNS itself: `note` has the providers' words for it. */
    type: "A" | "CNAME" | "ALIAS";
    value: string;
    note?: string;
}

/** The top of a domain can't have a CNAME record, because it has others, such as SOA. Providers follow the name themselves. */
const aliasNote = "An ALIAS or ANAME record; in Route 53 an A record with Alias, in Cloudflare a CNAME record, which it flattens. "
    + "With a provider that has none of these, redirect this name to another host there";

/** The records that point hosts at the gateway's load balancer; undefined if there is none. */
export function recordsFor(
    hosts: string[], endpoint: pulumi.Output<string>, { loadBalancing }: Pick<Capabilities, "loadBalancing">,
): pulumi.Output<DnsRecord[]> | undefined {
    return loadBalancing.type === "LoadBalancer" ? endpoint.apply(balancer => dnsRecords(hosts, balancer)) : undefined;
}

/** The records that point hosts at a load balancer's host name or IPv4 address; none before it has one. */
export function dnsRecords(hosts: string[], balancer: string): DnsRecord[] {
    if (balancer === "") return [];
    return hosts.map(name => {
        if (isIPv4(balancer)) return { name, type: "A", value: balancer };
        return isApex(name) ? { name, type: "ALIAS", value: balancer, note: aliasNote } : { name, type: "CNAME", value: balancer };
    });
}

/** Whether a name is registered itself, such as example.co.uk, and not below one that is. */
function isApex(host: string): boolean {
    return getDomain(host) === host;
}

/**
 * Installs external-dns, which keeps a DNS record for every host in the gateway's routes: in Route 53 an alias, which the top
 * of a domain may have too. It only deletes records that it created itself, once their host has no route any more.
 * Permissions follow the project's documentation of its source gateway-httproute.
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
            // It notes what it owns in a name below the host's: beside it, as by default, the top of a domain has none.
            "--txt-prefix=landfall-%{record_type}.",
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
