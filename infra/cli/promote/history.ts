import { connect, type Connection, KubernetesError, send } from "../../../components/cluster/kubernetes-api";
import { objectLabels } from "../../../components/workload/labels";
import { list, text } from "../status/fields";
import { UserError } from "../terminal/errors";
import type { Bundle } from "./bundle";

/**
 * The events of a promotion, in their order. `failed`: the new version was judged bad. `back`: the previous images run again.
 * `stuck`: they should, and don't.
 */
export type Event = "started" | "applied" | "interrupted" | "succeeded" | "failed" | "back" | "stuck" | "released";

/** Who did it. */
export interface Who {
    name: string;
    host: string;
    pid: number;
}

/** One line of a stack's history. */
export interface Entry {
    number: number;
    /** ISO 8601, by the clock of the computer that did it. */
    time: string;
    event: Event;
    who: Who;
    /** The reason, or the figures. */
    note?: string;
    /** Of `started`: */
    from?: string;
    bundle?: Bundle;
    /** The bundle's name. */
    name?: string;
    /** References of the images that ran before, by part. */
    previous?: Record<string, string>;
    /** When it ends, unless it is interrupted; ISO 8601. */
    until?: string;
    /** Keys of shared settings in which the stacks were allowed to differ. */
    differ?: string[];
}

const label = "landfall.dev/promotions";
/** Events in one ConfigMap: far below its limit of 1 MiB, and few objects for the namespace's quota. */
const pageSize = 100;

interface Page {
    metadata: { name: string; resourceVersion?: string; labels?: Record<string, string> };
    data?: Record<string, string>;
    immutable?: boolean;
}

/** Someone else has added an event since the history was read. */
export class Overtaken extends UserError {}

/**
 * The promotions to a stack, in ConfigMaps of the environment's namespace: each event under a number of its own. Events are only
 * added. A full ConfigMap is immutable, and of two that write at the same time, one is refused. It needs no backend and no account.
 */
export class History {
    private constructor(private readonly connection: Connection, private readonly namespace: string, private readonly pages: Page[]) {}

    static async read(kubeconfig: string, namespace: string): Promise<History> {
        const connection = await connect(kubeconfig);
        const found = await send(connection, "GET", `${pathOf(namespace)}?labelSelector=${encodeURIComponent(label)}`, { seconds: 20 })
            .catch((error: Error) => { throw explain(error, namespace, "list ConfigMaps"); });
        const pages = list(found, "items") as unknown as Page[];
        return new History(connection, namespace, pages.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)));
    }

    /** All events, the first one first. */
    get entries(): Entry[] {
        const all = this.pages.flatMap(({ data = {} }) => Object.entries(data).map(([number, text]) => ({ ...JSON.parse(text) as Entry, number: Number(number) })));
        return all.sort((a, b) => a.number - b.number);
    }

    /** Adds an event. @throws Overtaken if someone else has added one meanwhile */
    async add(entry: Omit<Entry, "number" | "time">): Promise<void> {
        const number = (this.entries.at(-1)?.number ?? 0) + 1;
        const data = { [numbered(number)]: JSON.stringify({ number, time: new Date().toISOString(), ...entry }) };
        const last = this.pages.at(-1);
        const isNew = last === undefined || last.immutable === true;
        const page: Page = isNew
            ? { metadata: { name: `promotions-${numbered(number)}`, labels: { ...objectLabels("promotions"), [label]: "history" } }, data }
            : { ...last, data: { ...last.data, ...data } };
        if (Object.keys(page.data ?? {}).length >= pageSize) page.immutable = true;
        const body = { apiVersion: "v1", kind: "ConfigMap", ...page };
        const written = await (isNew ? send(this.connection, "POST", pathOf(this.namespace), { body, seconds: 20 })
            : send(this.connection, "PUT", `${pathOf(this.namespace)}/${page.metadata.name}`, { body, seconds: 20 }))
            .catch((error: Error) => { throw explain(error, this.namespace, "create and update ConfigMaps"); });
        if (!isNew) this.pages.pop();
        this.pages.push(written as unknown as Page);
    }
}

function pathOf(namespace: string): string {
    return `/api/v1/namespaces/${namespace}/configmaps`;
}

function numbered(number: number): string {
    return String(number).padStart(6, "0");
}

function explain(error: Error, namespace: string, right: string): Error {
    if (!(error instanceof KubernetesError)) return new UserError(`The cluster can't be asked for the history in the namespace ${namespace}: ${error.message}.`);
    if (error.code === 409) return new Overtaken(`Someone else has just promoted to the namespace ${namespace}, or released it. Look: npm run promote -- --history`);
    if (error.code === 403) return new UserError(`The cluster refuses it: ${error.message}. The kubeconfig's user needs the right to ${right} in the namespace ${namespace}.`);
    return new UserError(`The history in the namespace ${namespace} can't be read or written: ${text({ message: error.message }, "message")}`);
}

/** What follows from a history. */
export interface Standing {
    /** Why further promotions are refused. */
    hold?: Entry;
    /** A promotion that hasn't ended. */
    unfinished?: { started: Entry; last: Entry };
    /** The bundle that was last promoted and judged good, if nothing else was promoted since. */
    good?: { started: Entry; ended: Entry };
}

/** The promotion that `--back` gives up; undefined if the stack has gone back already, or nothing was promoted to it. */
export function toGiveUp({ hold, unfinished, good }: Standing): Entry | undefined {
    return hold?.event === "back" ? undefined : unfinished?.started ?? good?.started;
}

export function standingOf(entries: readonly Entry[]): Standing {
    let standing: Standing = {};
    for (const entry of entries) {
        const { unfinished, good } = standing;
        switch (entry.event) {
            case "started": standing = { good, unfinished: { started: entry, last: entry } }; break;
            case "applied": case "interrupted": case "failed": if (unfinished) unfinished.last = entry; break;
            case "succeeded": standing = { ...(unfinished && { good: { started: unfinished.started, ended: entry } }) }; break;
            // If none is unfinished, --back gave up the good one.
            case "back": standing = { ...(unfinished && { good }), hold: entry }; break;
            case "stuck": standing = { good, hold: entry, ...(unfinished && { unfinished: { ...unfinished, last: entry } }) }; break;
            case "released": standing = { good };
        }
    }
    return standing;
}

/** The computer that asks. */
interface Here {
    host: string;
    isRunning: (pid: number) => boolean;
    /** Milliseconds since 1970. */
    now: number;
}

/** The state of an unfinished promotion: someone else is working on it, its version was judged bad, or it can continue. */
export function remedyFor({ started, last }: NonNullable<Standing["unfinished"]>, here: Here): "wait" | "back" | "continue" {
    if (!["interrupted", "stuck"].includes(last.event) && isAtIt(started, last, here)) return "wait";
    return ["failed", "stuck"].includes(last.event) ? "back" : "continue";
}

/** Whether the process that works on it may still run. Of other computers' processes, only the time is known. */
function isAtIt({ until = "" }: Entry, { who }: Entry, { host, isRunning, now }: Here): boolean {
    return who.host === host ? isRunning(who.pid) : now < Date.parse(until);
}
