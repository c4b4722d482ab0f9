import { isIPv4 } from "node:net";

/** A record to create in a host's DNS zone, if external-dns doesn't. */
export interface DnsRecord {
    /** @example "www.example.com" */
    name: string;
    type: "A" | "CNAME";
    value: string;
}

/** The records that point hosts at a load balancer's host name or IPv4 address; none before it has one. */
export function dnsRecords(hosts: string[], balancer: string): DnsRecord[] {
    if (balancer === "") return [];
    return hosts.map(name => ({ name, type: isIPv4(balancer) ? "A" : "CNAME", value: balancer }));
}
