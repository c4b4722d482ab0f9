import * as z from "zod";
import { isAddress } from "../../../components/cluster/ipv4";
import { byName, choice, email, isHostname, listOf, matching, network, port } from "../schema/fields";
import { Violation } from "../schema/rule";

function networks(of: string) {
    return listOf("IPv4 networks", network(0, 32), 1).optional().meta({
        description: `Addresses ${of}. Pods may only connect to these. Needed if they are private.`,
        example: ["203.0.113.0/24"], defaultText: "every public address; if the host is an address, only that one",
    });
}

/** `landfall:app.mail`: how the site sends mail. */
export function mail() {
    return z.strictObject({
        host: z.string().refine(given => isHostname(given) || isAddress(given)).meta({
            description: "The relay: your mail provider's server for outgoing mail.", example: "smtp.example.com",
            allowed: "a host name in lower case or an IPv4 address; no scheme, no port",
        }),
        port: port().default(587).meta({ description: "The relay's port.", example: 465 }),
        tls: choice("starttls", "tls", "none").optional().meta({
            description: "How the connection is encrypted: with STARTTLS, which is then required, or with TLS from the start. `none` "
                + "sends mail and the password unencrypted.",
            example: "tls", defaultText: "tls if the port is 465, otherwise starttls",
        }),
        user: matching("text on one line without spaces at its ends", /^\S(?:[^\r\n]{0,253}\S)?$/).optional().meta({
            description: "User name at the relay. The password is `landfall:mailPassword`.", example: "site@example.com",
            defaultText: "none: the relay recognises the cluster by its address",
        }),
        from: email().meta({
            description: "Sender of the site's mail. The relay must allow it.", example: "site@example.com",
        }),
        networks: networks("of the relay"),
    }).transform(({ tls, ...given }) => ({ ...given, tls: tls ?? (given.port === 465 ? "tls" as const : "starttls" as const) }))
        .optional().meta({
            description: "Outgoing mail, through a relay. Without it, the site sends none.",
            example: { host: "smtp.example.com", user: "site@example.com", from: "site@example.com" },
            defaultText: "none", shared: false,
        });
}

const hosts = "host names in lower case, also \"*.example.com\" for all below one, or IPv4 addresses";
const host = z.string().refine(given => isHostname(given.replace(/^\*\./, "")) || isAddress(given)).meta({ allowed: hosts });

/** `landfall:app.egress`: hosts that the site may call. */
export function egress() {
    const entry = z.strictObject({
        hosts: listOf(hosts, host, 1).meta({
            description: "Hosts that WordPress may call. Only WordPress's own HTTP functions enforce the names, for WordPress and its "
                + "plugins.",
            example: ["api.wordpress.org", "*.example.com"],
        }),
        port: port().default(443).meta({ description: "Port that pods may connect to.", example: 8443 }),
        networks: networks("of the hosts"),
    }).meta({ description: "A group of hosts outside the cluster, for example those of one plugin.", example: { hosts: ["api.wordpress.org"] } });
    return byName("lower-case letters, digits and \"-\", at most 30", /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/, "updates", entry)
        .prefault({}).meta({
            description: "What the site may call outside the cluster, under names of your choice.",
            example: { updates: { hosts: ["api.wordpress.org"] } }, defaultText: "nothing",
        });
}

/** A password without a user, or a user without a password, can't log in. */
export function mailHasLogin(
    { app, mailPassword }: { app: { mail?: { user?: string } }; mailPassword?: string },
): Violation | undefined {
    const user = app.mail?.user;
    if (user !== undefined && mailPassword === undefined) {
        return {
            keys: ["app.mail.user"], problem: "has no password: {mailPassword} is missing",
            allowed: "a user together with its password (pulumi config set --secret landfall:mailPassword), or neither",
            example: { app: { mail: { ...app.mail, user: undefined } } },
        };
    }
    return user !== undefined || mailPassword === undefined ? undefined : {
        keys: ["mailPassword"], problem: "belongs to no user: {app.mail.user} is missing",
        allowed: "a user together with its password, or neither (pulumi config rm landfall:mailPassword)",
        example: { app: { mail: { ...app.mail, user: "site@example.com" } } },
    };
}
