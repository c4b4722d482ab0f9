import * as http from "node:http";
import * as https from "node:https";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type Connection, KubernetesError } from "../../../components/cluster/kubernetes-api";
import { printable } from "./fields";

/** A container whose log is read. */
export interface Source {
    namespace: string;
    pod: string;
    container: string;
    /** Prefix of its lines. */
    name: string;
}

/** Which lines to ask the API server for. */
export interface Which {
    tailLines?: number;
    sinceSeconds?: number;
    sinceTime?: string;
    previous?: boolean;
}

/** A line of a log. */
export interface Line {
    /** By the node's clock, in nanoseconds. All have one length, so texts compare as times do. */
    time: string;
    text: string;
}

/** Shows a line with its prefix. */
export type Write = (name: string, line: Line) => Promise<void>;

/** Milliseconds between two looks for new pods, and until an answer must begin. */
const pace = { look: 2000, answer: 20_000 };
/** How many looks for pods may fail in a row. */
const mostFailures = 10;

/** Prints the logs of all sources in the order of time. Continues with the others if one can't be read. */
export async function readMerged(
    connection: Connection, sources: Source[], which: Which, write: Write, signal: AbortSignal,
): Promise<{ lines: number; problems: { source: Source; error: Error }[] }> {
    const problems: { source: Source; error: Error }[] = [];
    const next = async (source: Source, lines: AsyncIterator<Line>): Promise<Line | undefined> => {
        const result = await lines.next().catch((error: Error) => {
            if (!signal.aborted) problems.push({ source, error });
            return { done: true as const, value: undefined };
        });
        return result.done ? undefined : result.value;
    };
    const open = sources.map(source => ({ source, lines: linesOf(connection, source, which, signal)[Symbol.asyncIterator]() }));
    const heads = await Promise.all(open.map(async each => ({ ...each, line: await next(each.source, each.lines) })));
    let lines = 0;
    for (;;) {
        const waiting = heads.filter(head => head.line !== undefined);
        if (waiting.length === 0 || signal.aborted) return { lines, problems };
        const first = waiting.reduce((a, b) => ((b.line as Line).time < (a.line as Line).time ? b : a));
        await write(first.source.name, first.line as Line);
        lines++;
        first.line = await next(first.source, first.lines);
    }
}

/** Prints lines as they are written, until the signal is aborted. Includes containers that start later. */
export async function follow(
    connection: Connection, find: () => Promise<Source[]>, which: Which, write: Write, signal: AbortSignal,
    refused: (source: Source, error: Error) => void,
): Promise<void> {
    const told = new Set<string>();
    const open = new Set<string>();
    const last = new Map<string, string>();
    const read = async (source: Source): Promise<void> => {
        const before = last.get(source.name);
        // Continues where it ended, for example after a restart of its container.
        const from = before === undefined ? which : { sinceTime: before };
        try {
            for await (const line of linesOf(connection, source, from, signal, true)) {
                if (before !== undefined && line.time <= before) continue;
                await write(source.name, line);
                last.set(source.name, line.time);
            }
        } catch (error) {
            // Otherwise the connection broke off or the pod is gone; the next look shows which.
            if (!(error instanceof KubernetesError) || error.code === 404 || told.has(source.name)) return;
            told.add(source.name);
            refused(source, error);
        }
    };
    let failures = 0;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
        let found: Source[] = [];
        try {
            found = await find();
            failures = 0;
        } catch (error) {
            if (isFirst || ++failures > mostFailures) throw error;
        }
        for (const source of found) {
            if (open.has(source.name)) continue;
            open.add(source.name);
            void read(source).finally(() => open.delete(source.name));
        }
        await sleep(pace.look, undefined, { signal }).catch(() => undefined);
        // A pod that starts meanwhile has only new lines.
        which = { sinceSeconds: Math.ceil((pace.look + pace.answer) / 1000) };
    }
}

/** A container's lines. @throws KubernetesError if the API server refuses them */
async function* linesOf(connection: Connection, source: Source, which: Which, signal: AbortSignal, following = false): AsyncGenerator<Line> {
    const response = await open(connection, source, { ...which, ...(following && { follow: true }) }, signal);
    const lines = createInterface({ input: response, crlfDelay: Infinity });
    let broken: Error | undefined;
    response.on("error", (error: Error) => {
        broken = error;
        lines.close();
    });
    // A carriage return splits a line in two, and only the first half has the time.
    let last = "";
    try {
        for await (const line of lines) {
            const [, time = "", text] = /^(\d{4}-\d\d-\d\dT\S+) ?(.*)$/s.exec(line) ?? [];
            const at = normalised(time);
            last = at || last;
            yield { time: last, text: printable(at === "" ? line : text) };
        }
    } finally {
        response.destroy();
    }
    if (broken && !signal.aborted) throw broken;
}

/** Adds the zeros that times lack at their end, and converts a node's own zone. Empty if it isn't a time. */
function normalised(time: string): string {
    const [, seconds, fraction = "", zone] = /^(.+?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
    if (seconds === undefined || Number.isNaN(Date.parse(time))) return "";
    const utc = zone === "Z" ? seconds : new Date(`${seconds}${zone}`).toISOString().slice(0, 19);
    return `${utc}.${fraction.padEnd(9, "0").slice(0, 9)}Z`;
}

/** Asks for a log. The client library's own reader doesn't report errors of its stream. */
function open({ server, options }: Connection, source: Source, which: object, signal: AbortSignal): Promise<http.IncomingMessage> {
    const { namespace, pod, container } = source;
    const asked = Object.entries({ container, timestamps: true, ...which });
    const query = new URLSearchParams(asked.map(([key, value]): [string, string] => [key, String(value)]));
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log?${query}`;
    const url = new URL(server.pathname.replace(/\/$/, "") + path, server);
    const { request } = url.protocol === "http:" ? http : https;
    return new Promise((resolve, reject) => {
        const sent = request(url, { ...options, signal }, response => {
            clearTimeout(timer);
            if (response.statusCode === 200) return resolve(response);
            let answer = "";
            response.setEncoding("utf8").on("data", (piece: string) => (answer += piece)).on("error", reject);
            response.on("end", () => reject(new KubernetesError(response.statusCode ?? 0, messageOf(answer))));
        });
        const timer = setTimeout(() => sent.destroy(new Error(`${server.origin} does not answer`)), pace.answer);
        sent.on("error", error => {
            clearTimeout(timer);
            reject(error);
        });
        sent.end();
    });
}

function messageOf(answer: string): string {
    try {
        const { message } = JSON.parse(answer) as { message?: unknown };
        return typeof message === "string" ? message : answer.slice(0, 300);
    } catch {
        return answer.slice(0, 300);
    }
}
