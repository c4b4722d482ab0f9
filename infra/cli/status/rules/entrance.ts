import { type Fields, list, number, text, time } from "../fields";
import { condition, created, heldSince, isDeleting, isTrue, nameOf, namespaceOf } from "../objects";
import { duration } from "../fields";
import { day, type Finding, hour, kubectl, minute, type Rule, type Situation } from "../problem";

const patience = { issuing: 3 * minute, address: 5 * minute, programmed: 2 * minute };
/** The part of the time between renewal and end that a renewal may take. */
const lateShare = 0.1;

/** What visitors meet before any pod of the application: address, gateway, routes, certificates. */
export const entranceRules: Record<string, Rule> = {
    "load-balancer": situation => situation.observed.services.flatMap(service => addressFinding(service, situation) ?? []),
    "gateway": situation => situation.observed.gateways.flatMap(gateway => gatewayFinding(gateway, situation) ?? []),
    // The route of a host without a certificate has no listener, which the certificate's own finding explains.
    "route": situation => situation.observed.routes.filter(route => !unissued(situation).some(({ host }) => host === text(route, "spec", "hostnames", "0")))
        .flatMap(route => routeFinding(route, situation) ?? []),
    "certificate": situation => situation.observed.certificates.flatMap(certificate => certificateFinding(certificate, situation) ?? []),
};

function addressFinding(service: Fields, { now }: Situation): Finding | undefined {
    if (text(service, "spec", "type") !== "LoadBalancer" || isDeleting(service)) return undefined;
    if (list(service, "status", "loadBalancer", "ingress").length > 0 || now - created(service) < patience.address) return undefined;
    return {
        severity: "outage", kind: "Service", object: service, since: created(service),
        matter: "gets no address from the load balancer, so nobody outside reaches the site", action: kubectl("describe", "service", service),
    };
}

/** The hosts whose first certificate isn't issued yet, and the certificates' names. */
function unissued({ observed }: Situation): { host: string; name: string }[] {
    return observed.certificates.filter(certificate => time(certificate, "status", "notAfter") === undefined)
        .map(certificate => ({ host: text(certificate, "spec", "dnsNames", "0"), name: nameOf(certificate) }));
}

function gatewayFinding(gateway: Fields, situation: Situation): Finding | undefined {
    const { now } = situation;
    if (isDeleting(gateway)) return undefined;
    const finding = { severity: "outage", kind: "Gateway", object: gateway, action: kubectl("describe", "gateway", gateway) } as const;
    const waiting = list(gateway, "spec", "listeners").filter(listener =>
        unissued(situation).some(({ name }) => name === text(list(listener, "tls", "certificateRefs")[0], "name"))).map(listener => text(listener, "name"));
    for (const type of ["Accepted", "Programmed"]) {
        const found = condition(gateway, type);
        const since = heldSince(gateway, found);
        if (isTrue(found) || now - since < patience.programmed) continue;
        // The other hosts are served.
        if (text(found, "reason") === "ListenersNotValid" && waiting.length > 0) continue;
        const why = text(found, "status") === "False" ? wordsOf(found) : "no controller has answered; is contour running?";
        return { ...finding, since, matter: `isn't ${type.toLowerCase()}: ${why}` };
    }
    for (const listener of list(gateway, "status", "listeners").filter(listener => !waiting.includes(text(listener, "name")))) {
        const found = list(listener, "conditions")
            .find(each => ["Programmed", "ResolvedRefs"].includes(text(each, "type")) && text(each, "status") === "False");
        const since = heldSince(gateway, found);
        if (!found || now - since < patience.programmed) continue;
        return { ...finding, since, matter: `its listener ${text(listener, "name")} doesn't work: ${wordsOf(found)}` };
    }
    return undefined;
}

function routeFinding(route: Fields, { now }: Situation): Finding | undefined {
    if (isDeleting(route)) return undefined;
    const finding = { severity: "outage", kind: "HTTPRoute", object: route, action: kubectl("describe", "httproute", route) } as const;
    const parents = list(route, "status", "parents");
    if (parents.length === 0 && now - created(route) >= patience.programmed) {
        return { ...finding, since: created(route), matter: "no gateway has taken it; is contour running?" };
    }
    const bad = parents.flatMap(parent => list(parent, "conditions")).find(each => ["Accepted", "ResolvedRefs"].includes(text(each, "type"))
        && text(each, "status") === "False" && now - heldSince(route, each) >= patience.programmed);
    if (!bad) return undefined;
    return { ...finding, since: heldSince(route, bad), matter: `the gateway doesn't follow it: ${wordsOf(bad)}` };
}

function wordsOf(found: Fields | undefined): string {
    return (text(found, "message") || text(found, "reason")).slice(0, 300);
}

function certificateFinding(certificate: Fields, { now, observed }: Situation): Finding | undefined {
    if (isDeleting(certificate)) return undefined;
    const [ends, renewal] = ["notAfter", "renewalTime"].map(key => time(certificate, "status", key));
    const ready = condition(certificate, "Ready");
    const since = heldSince(certificate, ready);
    const found = (severity: Finding["severity"], matter: string, from: number | undefined): Finding => ({
        severity, kind: "Certificate", object: certificate, since: from,
        matter: matter + reasonOf(certificate, observed.challenges), action: issueAdvice(certificate, observed.challenges),
    });

    if (ends === undefined) {
        if (isTrue(ready) || now - created(certificate) < patience.issuing) return undefined;
        return found("outage", `isn't issued for ${text(certificate, "spec", "dnsNames", "0") || nameOf(certificate)}`, created(certificate));
    }
    if (ends <= now) return found("outage", "has expired", ends);
    const isLate = renewal === undefined ? ends - now < 7 * day : now > renewal + Math.max(hour, (ends - renewal) * lateShare);
    if (isLate) return found("failing", `ends in ${duration(ends - now)}, and hasn't been renewed in time`, renewal);
    // A changed host name, for which the old certificate isn't valid.
    if (!isTrue(ready) && now - since >= patience.issuing) return found("failing", "isn't the one that is asked for", since);
    return undefined;
}

/** An authority's own words are the best reason, then cert-manager's. */
function reasonOf(certificate: Fields, challenges: Fields[]): string {
    const challenge = challengeOf(certificate, challenges);
    const [issuing, ready] = ["Issuing", "Ready"].map(type => condition(certificate, type));
    const words = text(challenge, "status", "reason") || text(text(issuing, "status") === "False" ? issuing : undefined, "message")
        || text(isTrue(ready) ? undefined : ready, "message");
    const attempts = number(certificate, "status", "failedIssuanceAttempts");
    return `${words && `: ${words.slice(0, 300)}`}${attempts ? ` (${attempts} failed attempts)` : ""}`;
}

function challengeOf(certificate: Fields, challenges: Fields[]): Fields | undefined {
    return challenges.find(challenge => namespaceOf(challenge) === namespaceOf(certificate)
        && nameOf(challenge).startsWith(`${nameOf(certificate)}-`) && text(challenge, "status", "state") !== "valid");
}

function issueAdvice(certificate: Fields, challenges: Fields[]): string {
    const describe = kubectl("describe", "certificate", certificate);
    const host = text(challengeOf(certificate, challenges), "spec", "dnsName");
    return host ? `Does ${host} lead to the gateway, and is port 80 reachable from outside? ${describe}` : describe;
}
