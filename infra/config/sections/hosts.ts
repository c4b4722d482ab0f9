import type { Violation } from "../schema/rule";
import { hostname, listOf } from "../schema/fields";

/** The hosts of an environment. */
export interface Hosts {
    host: string;
    aliases: string[];
    redirects: string[];
}

/**
 * Hosts that an environment may have. Each has two listeners and a certificate of its own: a Gateway has at most 64 listeners,
 * and Let's Encrypt signs 50 certificates a week for one domain.
 */
const mostHosts = 30;

const hostNames = "host names in lower case, without scheme, port, path or wildcard";

/** `landfall:environment.aliases`. */
export function aliases() {
    return listOf(hostNames, hostname()).default([]).meta({
        description: "More host names at which the application answers under their own name. Not for WordPress, which has one "
            + "address: use `redirects`.",
        example: ["shop.example.com"],
    });
}

/** `landfall:environment.redirects`. */
export function redirects() {
    return listOf(hostNames, hostname()).default([]).meta({
        description: "Host names that lead to `host`: a request gets a permanent redirection (301) to the same path and query "
            + "there. Put the old name here if you change `host`.",
        example: ["example.com", "old.example.org"],
    });
}

/** All hosts of a stack, the canonical one first. */
export function hostsOf({ environment }: { environment: Hosts }): string[] {
    return allHosts(environment);
}

function allHosts({ host, aliases, redirects }: Hosts): string[] {
    return [host, ...aliases, ...redirects];
}

/** Each host has one meaning. */
export function hostsDiffer({ host, aliases, redirects }: Hosts): Violation | undefined {
    const all = allHosts({ host, aliases, redirects });
    const twice = all.find((name, index) => all.indexOf(name) < index);
    if (twice !== undefined) {
        const keys = [
            ...(redirects.includes(twice) ? ["redirects"] : []), ...(aliases.includes(twice) ? ["aliases"] : []),
            ...(host === twice ? ["host"] : []),
        ];
        return {
            keys, problem: `has ${twice} twice${keys.length > 1 ? `: it is in {environment.${keys[1]}} too` : ""}`,
            allowed: "each host name once: in {environment.host}, {environment.aliases} or {environment.redirects}",
            example: { host: "www.example.com", redirects: ["example.com"] },
        };
    }
    return all.length <= mostHosts ? undefined : {
        keys: [redirects.length >= aliases.length ? "redirects" : "aliases", "host"],
        problem: `makes ${all.length} host names, and ${mostHosts} is the most that an environment can have`,
        allowed: `at most ${mostHosts} names in {environment.host}, {environment.aliases} and {environment.redirects} together`,
        example: { host: "www.example.com", redirects: ["example.com"] },
    };
}
