import type { Fields } from "./fields";
import { nameOf, namespaceOf, type Observed } from "./objects";

/**
 * How bad a problem is, the worst first: `outage`: a part doesn't work at all; `failing`: something has failed, and the rest
 * carries on; `risk`: all works, and the next failure or peak may end that; `unknown`: it couldn't be looked at.
 */
export const severities = ["outage", "failing", "risk", "unknown"] as const;

type Severity = (typeof severities)[number];

/** Something that is wrong with a stack. */
export interface Problem {
    severity: Severity;
    /** Name of the rule that found it. */
    rule: string;
    /** For example `Pod development/web-6f7c9-x2x8l`. */
    object: string;
    /** What is the matter with it. */
    matter: string;
    /** ISO 8601; left out if that isn't known. */
    since?: string;
    /** What to do, with the command. */
    action: string;
    /** What its objects have in common, for example their workload. */
    group?: string;
}

/** What a rule has found on one object. */
export interface Finding {
    severity: Severity;
    kind: string;
    object: Fields;
    matter: string;
    since?: number;
    action: string;
    /** What it has in common with others that are shown together if `matter` is the same, for example a workload. */
    group?: string;
}

/** What rules judge. */
export interface Situation {
    observed: Observed;
    /** Milliseconds since 1970. */
    now: number;
    /** Namespace of the environment; undefined if the stack has none. */
    environment?: string;
    /** Names of the services, if the application consists of services. */
    services?: string[];
    /** Namespace of the gateway. */
    gateway: string;
    /** Whether the machines are to take snapshots of etcd. */
    etcdSnapshots?: boolean;
    /** When the API server's own certificate ends; undefined if that isn't known. */
    apiCertificateEnds?: number;
    /** Turns "npm run logs web" into the command for this stack. */
    command(name: string, ...args: string[]): string;
}

/** Finds problems of one sort. */
export type Rule = (situation: Situation) => Finding[];

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** A command of kubectl's: `kubectl -n development describe pod web-1`. */
export function kubectl(verb: string, kind: string, object: Fields): string {
    const namespace = namespaceOf(object);
    return `kubectl ${namespace === "" ? "" : `-n ${namespace} `}${verb} ${kind} ${nameOf(object)}`;
}

/** A finding's objects by name: one, or the names of all. */
export function describeObjects(findings: Finding[]): string {
    const [{ kind, object }] = findings;
    const place = namespaceOf(object) === "" ? "" : `${namespaceOf(object)}/`;
    const names = [...new Set(findings.map(finding => nameOf(finding.object)))];
    const shown = names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
    return shown === "" ? kind : `${kind}${names.length > 1 ? "s" : ""} ${place}${shown}`;
}
