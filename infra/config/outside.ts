import * as z from "zod";
import { isAddress } from "../../components/cluster/ipv4";
import { byName, choice, email, isHostname, listOf, matching, network, port } from "./fields";
import { Violation } from "./rule";

function networks(of: string) {
    return listOf("IPv4 networks", network(0, 32), 1).optional().meta({
        description: `Addresses ${of}: pods may connect to these alone. Needed where they are private.`,
        example: ["203.0.113.0/24"], defaultText: "every public address; of a host that is an address, that one",
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
            description: "How the connection is encrypted: by STARTTLS, which is then required, or from the start. `none` sends "
                + "the mails and the password readable.",
            example: "tls", defaultText: "tls where the port is 465, else starttls",
        }),
        user: matching("text on one line without spaces at its ends", /^\S(?:[^\r\n]{0,253}\S)?$/).optional().meta({
            description: "User at the relay; the password is `landfall:mailPassword`.", example: "site@example.com",
            defaultText: "none: the relay knows the cluster by its address",
        }),
        from: email().meta({
            description: "Sender of the site's mails, as the relay allows it.", example: "site@example.com",
        }),
        networks: networks("of the relay"),
    }).transform(({ tls, ...given }) => ({ ...given, tls: tls ?? (given.port === 465 ? "tls" as const : "starttls" as const) }))
        .optional().meta({
            description: "Outgoing mail, by a relay. Without it the site sends none.",
            example: { host: "smtp.example.com", user: "site@example.com", from: "site@example.com" },
            defaultText: "none",
        });
}

const hosts = "host names in lower case, also \"*.example.com\" for all below one, or IPv4 addresses";
const host = z.string().refine(given => isHostname(given.replace(/^\*\./, "")) || isAddress(given)).meta({ allowed: hosts });

/** `landfall:app.egress`: what the site may call. */
export function egress() {
    const entry = z.strictObject({
        hosts: listOf(hosts, host, 1).meta({
            description: "Hosts that WordPress may call. WordPress alone holds to the names, in what it and its plugins ask by "
                + "WordPress's own HTTP functions.",
            example: ["api.wordpress.org", "*.example.com"],
        }),
        port: port().default(443).meta({ description: "Port that pods may connect to.", example: 8443 }),
        networks: networks("of the hosts"),
    }).meta({ description: "Some hosts outside, for example those of one plugin.", example: { hosts: ["api.wordpress.org"] } });
    return byName("lower-case letters, digits and \"-\", at most 30", /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/, "updates", entry)
        .prefault({}).meta({
            description: "What the site may call outside the cluster, under names of your choice.",
            example: { updates: { hosts: ["api.wordpress.org"] } }, defaultText: "nothing",
        });
}

/** A password without its user, or the other way round, would be a login that can't work. */
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
