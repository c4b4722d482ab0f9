import * as z from "zod";
import { choice, matching } from "./fields";
import type { Violation } from "./rule";

/** Names that no public authority vouches for: they mean something on one computer or in one network only. */
const privateEndings = ["localhost", "local", "internal", "test"];
const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";

/** `landfall:environment.tls`: who signs the host's certificate. */
export function tlsSchema() {
    return z.strictObject({
        issuer: choice("ca", "acme").optional().meta({
            description: "Who signs the certificate: an authority of the stack's own, which browsers have to be told " +
                "to trust, or a public one by ACME, which must reach the host on port 80.",
            example: "acme",
            defaultText: "acme with an `email` or a `server`; else ca on a laptop and for names under " +
                `${privateEndings.map(end => `.${end}`).join(", ")}; else acme`,
        }),
        email: z.email().optional().meta({
            description: "With acme: where its operator may write to.", example: "ops@example.com",
            allowed: "an e-mail address",
        }),
        server: matching("an address beginning with https://", /^https:\/\/[^\s/]+(\/\S*)?$/).optional().meta({
            description: "With acme: directory of the server.",
            example: "https://acme-staging-v02.api.letsencrypt.org/directory",
            defaultText: `\`${letsEncrypt}\` (Let's Encrypt)`,
        }),
    });
}

type GivenTls = z.output<ReturnType<typeof tlsSchema>>;

/** Whether a name belongs to this computer or network alone. */
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

/** A public authority vouches for public names only, and needs no settings where there is none. */
export function fitsHost(tls: GivenTls, host: string): Violation | undefined {
    if (chosenIssuer(tls) === "acme" && tls.server === undefined && isPrivate(host)) {
        return {
            keys: ["tls.issuer", "host"], problem: "can't be acme for a name that is not public",
            allowed: "ca, or acme with the network's own ACME server in {environment.tls.server}",
            example: { host, tls: { issuer: "ca" } },
        };
    }
    const idle = (["email", "server"] as const).find(key => tls[key] !== undefined);
    return tls.issuer !== "ca" || idle === undefined ? undefined : {
        keys: [`tls.${idle}`, "tls.issuer"],
        problem: "is of no use: the certificate is signed by the stack's own authority",
        allowed: "leave it out, or {environment.tls.issuer} acme",
        example: { tls: { issuer: "ca" } },
    };
}

/** The issuer as far as the settings say it: an address of or for an ACME server means that one. */
function chosenIssuer({ issuer, email, server }: GivenTls): "ca" | "acme" | undefined {
    return issuer ?? (email !== undefined || server !== undefined ? "acme" : undefined);
}
