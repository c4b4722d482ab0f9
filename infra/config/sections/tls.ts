import * as z from "zod";
import { isAddress, isPrivateAddress } from "../../../components/cluster/ipv4";
import { letsEncrypt } from "../../../components/platform/cert-manager/names";
import { choice, email, matching } from "../schema/fields";
import type { Violation } from "../schema/rule";
import type { Hosts } from "./hosts";

/** Names that no public CA signs, because they only exist on one computer or in one network. */
const privateEndings = [
    "localhost", "local", "internal", "test", "lan", "home", "home.arpa", "corp", "intranet", "private", "invalid", "example", "onion",
];

/** `landfall:environment.tls`: who signs the hosts' certificates. */
export function tlsSchema() {
    return z.strictObject({
        issuer: choice("ca", "acme").optional().meta({
            description: "Who signs the certificates. `ca` is the stack's own CA, which browsers don't trust until you import it. " +
                "`acme` is a public CA, which must reach each host on port 80; one that it can't reach doesn't keep the others waiting.",
            example: "acme",
            defaultText: "acme if `email` or `server` is set; otherwise ca on a laptop and for names under " +
                `${privateEndings.map(end => `.${end}`).join(", ")}; otherwise acme, unless the settings show that a public CA can't reach the gateway: then required`,
        }),
        email: email().optional().meta({
            description: "With `acme`: address at which the CA may contact you.", example: "ops@example.com",
        }),
        server: matching("an address beginning with https://", /^https:\/\/[^\s/]+(\/\S*)?$/).optional().meta({
            description: "With `acme`: directory URL of the server.",
            example: "https://acme-staging-v02.api.letsencrypt.org/directory",
            defaultText: `\`${letsEncrypt}\` (Let's Encrypt)`,
        }),
    });
}

type GivenTls = z.output<ReturnType<typeof tlsSchema>>;

/** Whether a name only exists on this computer or network. */
function isPrivate(host: string): boolean {
    return privateEndings.some(end => host === end || host.endsWith(`.${end}`)) || !host.includes(".");
}

/** The settings with their defaults, which depend on the host and on whether the cluster is on a laptop. */
export function completeTls(given: GivenTls, host: string, laptop: boolean) {
    const { email, server } = given;
    const issuer = chosenIssuer(given) ?? (laptop || isPrivate(host) ? "ca" : "acme");
    return issuer === "ca"
        ? { issuer }
        : { issuer, server: server ?? letsEncrypt, ...(email !== undefined && { email }) };
}

/** A public CA only signs public names. Without one, its settings have no effect. */
export function fitsHosts(tls: GivenTls, hosts: Hosts, laptop: boolean, obstacle?: string): Violation | undefined {
    const { host } = hosts;
    if (chosenIssuer(tls) === undefined && !laptop && !isPrivate(host) && obstacle !== undefined) {
        return {
            keys: ["tls.issuer", "host"],
            problem: `is missing: a public authority must reach the host on port 80, and ${obstacle}`,
            allowed: "acme, if your router or load balancer sends port 80 on to the gateway; or ca, which browsers don't trust until you add it",
            example: { host, tls: { issuer: "ca" } },
        };
    }
    if (chosenIssuer(tls) === "acme" && tls.server === undefined && laptop) {
        return {
            keys: ["tls.issuer"], problem: "can't be acme on a laptop: no public authority reaches 127.0.0.1",
            allowed: "ca, or acme with the network's own ACME server in {environment.tls.server}",
            example: { tls: { issuer: "ca" } },
        };
    }
    if (completeTls(tls, host, laptop).issuer === "acme" && tls.server === undefined) {
        const key = (["host", "aliases", "redirects"] as const).find(key => [hosts[key]].flat().some(isPrivate));
        if (key !== undefined) {
            const name = key === "host" ? "a name" : [hosts[key]].flat().find(isPrivate);
            return {
                keys: ["tls.issuer", key], problem: `can't be acme for ${name}${key === "host" ? " that" : ", which"} is not public`,
                allowed: "ca, or acme with the network's own ACME server in {environment.tls.server}",
                example: { host, tls: { issuer: "ca" } },
            };
        }
    }
    const idle = (["email", "server"] as const).find(key => tls[key] !== undefined);
    return tls.issuer !== "ca" || idle === undefined ? undefined : {
        keys: [`tls.${idle}`, "tls.issuer"],
        problem: "has no effect: the stack's own CA signs the certificate",
        allowed: "leave it out, or {environment.tls.issuer} acme",
        example: { tls: { issuer: "ca" } },
    };
}

/** Whether people elsewhere may reach something at this name or address. */
export function isPublic(hostOrAddress: string): boolean {
    return isAddress(hostOrAddress) ? !isPrivateAddress(hostOrAddress) : !isPrivate(hostOrAddress);
}

/** The issuer according to the settings: the address of an ACME server, or one to register there, means `acme`. */
function chosenIssuer({ issuer, email, server }: GivenTls): "ca" | "acme" | undefined {
    return issuer ?? (email !== undefined || server !== undefined ? "acme" : undefined);
}
