import { createInterface } from "node:readline";
import type { IncomingMessage } from "node:http";
import { type Connection, KubernetesError, send } from "../../../components/cluster/kubernetes-api";
import { logFields, noMessage, passwordKey, storeName, storePort, storeUser } from "../../../components/platform/logs/names";
import { namespaces } from "../../../components/platform/namespaces";
import { clean, type Fields, list, printable, text } from "../status/fields";
import type { Line } from "../status/log-stream";
import { isReady, nameOf } from "../status/objects";
import { UserError } from "../terminal/errors";
import type { Period } from "./period";
import { type PodPort, post } from "./tunnel";

/** The logs' store of a cluster. */
interface LogStore {
    place: PodPort;
    password: string;
    /** For how many days it keeps lines. */
    keepDays: number;
}

/** Which lines, of one namespace. */
export interface Question extends Period {
    namespace: string;
    workloads: string[];
    /** Name of a pod, or its beginning. */
    pod?: string;
    /** Text that the line contains, or one of its values if it is JSON. */
    grep?: string;
}

/** Lines in one answer, so that neither side holds all. */
const pageSize = 5000;

/** The store; if the cluster has none, or none that can be asked now, the reason. */
export async function findStore(connection: Connection, kubeconfig: string): Promise<LogStore | string> {
    const base = `/api/v1/namespaces/${namespaces.logs}`;
    const ask = (path: string): Promise<Fields> => send(connection, "GET", `${base}/${path}`, { seconds: 20 });
    try {
        const pods = list(await ask(`pods?labelSelector=${encodeURIComponent(`app.kubernetes.io/name=${storeName}`)}`), "items");
        if (pods.length === 0) return "the cluster keeps no logs (landfall:logs.keepDays)";
        const pod = pods.find(isReady);
        if (pod === undefined) return `the pod ${nameOf(pods[0])} in ${namespaces.logs}, which keeps logs, isn't ready`;
        const secret = text(await ask(`secrets/${storeName}`), "data", passwordKey);
        return {
            place: { kubeconfig, namespace: namespaces.logs, pod: nameOf(pod), port: storePort },
            password: Buffer.from(secret, "base64").toString(),
            keepDays: keepDaysOf(pod),
        };
    } catch (error) {
        if (!(error instanceof KubernetesError)) throw error;
        return `the kubeconfig's user may not read the kept ones (${clean(error.message)})`;
    }
}

function keepDaysOf(pod: Fields): number {
    const args = list(pod, "spec", "containers").flatMap(container => (Array.isArray(container.args) ? container.args.map(String) : []));
    return Number(/-retentionPeriod=(\d+)d/.exec(args.join(" "))?.[1] ?? 0);
}

/** Calls for each line, in the order of time. Returns how many there were. */
export async function readStore(
    store: LogStore, question: Question, write: (name: string, line: Line) => Promise<void>, signal: AbortSignal,
): Promise<number> {
    let [lines, since, limit] = [0, rfc3339(question.since), pageSize];
    // What was written at the time with which the next page begins. A restarted collector may have sent a line twice.
    let [last, seen] = ["", new Set<string>()];
    for (;;) {
        let [rows, before] = [0, lines];
        for await (const row of ask(store, `${queryFor(question, since)} | sort by (_time) limit ${limit}`, signal)) {
            rows++;
            const line = { time: padded(text(row, "_time")), text: printable(textOf(row)) };
            if (line.time !== last) [last, seen] = [line.time, new Set()];
            const key = JSON.stringify([row[logFields.pod], row[logFields.container], line.text]);
            if (seen.has(key)) continue;
            seen.add(key);
            if (!contains(row, question.grep)) continue;
            await write(nameFor(row), line);
            lines++;
            if (signal.aborted) return lines;
        }
        if (rows < limit || signal.aborted) return lines;
        // More lines of one moment than a page holds.
        if (since === last && lines === before) limit *= 4;
        since = last;
    }
}

/** A query in LogsQL. Its texts are JSON strings, which have the same form. */
function queryFor({ namespace, workloads, pod, grep, until }: Question, since: string): string {
    const stream = [
        `${quoted(logFields.namespace)}=${quoted(namespace)}`,
        ...(pod === undefined ? [] : [`${quoted(logFields.pod)}=~${quoted(`${escaped(pod)}.*`)}`]),
    ];
    return [
        `{${stream.join(",")}}`,
        `_time:[${since}, ${rfc3339(until)})`,
        `${quoted(logFields.workload)}:in(${workloads.map(quoted).join(",")})`,
        // In any field, also in those of Kubernetes: what is found is looked at again.
        ...(grep === undefined ? [] : [`*:~${quoted(escaped(grep))}`]),
    ].join(" ");
}

async function* ask({ place, password }: LogStore, query: string, signal: AbortSignal): AsyncGenerator<Fields> {
    const authorization = `Basic ${Buffer.from(`${storeUser}:${password}`).toString("base64")}`;
    const fields = `${query} | delete _stream, _stream_id, "kubernetes.node*", "kubernetes.container_id", "kubernetes.pod_ip"`;
    try {
        const response = await post(place, "/select/logsql/query", { query: fields }, { authorization }, signal);
        if (response.statusCode !== 200) throw new Error(`${response.statusCode}: ${await bodyOf(response)}`);
        const lines = createInterface({ input: response, crlfDelay: Infinity });
        let broken: Error | undefined;
        response.on("error", (error: Error) => {
            broken = error;
            lines.close();
        });
        for await (const line of lines) {
            if (broken === undefined && line !== "") yield JSON.parse(line) as Fields;
        }
        if (broken !== undefined) throw broken;
    } catch (error) {
        if (signal.aborted) return;
        throw new UserError(`The kept logs can't be read from the pod ${place.pod} in ${place.namespace}: ${clean((error as Error).message)}. `
            + "Without --since, you get the last lines on the nodes.");
    }
}

async function bodyOf(response: IncomingMessage): Promise<string> {
    let body = "";
    for await (const piece of response.setEncoding("utf8")) body += String(piece);
    return body.slice(0, 500);
}

/**
 * A line that was JSON, or that Kubernetes' own programs write, comes back as JSON: the collector has taken it apart. Its fields
 * are in the order of their names, and what looks like a number is one.
 */
function textOf(row: Fields): string {
    const [{ value: message = "" } = {}, ...rest] = contentOf(row);
    if (rest.length === 0) return message;
    const values = rest.map(({ name, value }) => [name, String(Number(value)) === value && /^[-\d]/.test(value) ? Number(value) : value]);
    return JSON.stringify({ ...(message !== noMessage && { msg: message }), ...Object.fromEntries(values) as object });
}

/** The message, and the fields of a line that was JSON. */
function contentOf(row: Fields): { name: string; value: string }[] {
    const own = Object.entries(row).filter(([name]) => name !== "_time" && name !== "_msg" && !name.startsWith("kubernetes."));
    return [["_msg", row._msg ?? ""], ...own].map(([name, value]) => ({ name: String(name), value: String(value) }));
}

function contains(row: Fields, grep = ""): boolean {
    return contentOf(row).some(({ value }) => value.includes(grep));
}

/** As the nodes' lines are named: the pod, and the container unless it is the workload's own. */
function nameFor(row: Fields): string {
    const [pod, container, workload] = [logFields.pod, logFields.container, logFields.workload].map(name => text({ name: row[name] }, "name"));
    return container === workload ? pod : `${pod}/${container}`;
}

function rfc3339(milliseconds: number): string {
    return padded(new Date(milliseconds).toISOString());
}

/** With nine digits after the second, so that texts compare as times do. */
function padded(time: string): string {
    const [, seconds, fraction = ""] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(time) ?? [];
    return seconds === undefined ? time : `${seconds}.${fraction.padEnd(9, "0")}Z`;
}

function quoted(value: string): string {
    return JSON.stringify(value);
}

function escaped(value: string): string {
    return value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
