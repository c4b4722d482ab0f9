import type { Connection } from "../../../components/cluster/kubernetes-api";
import { send } from "../../../components/cluster/kubernetes-api";
import { proxyName, proxyPorts } from "../../../components/platform/gateway/names";
import { namespaces } from "../../../components/platform/namespaces";
import { get } from "../logs/tunnel";
import { fields, list, number, text } from "../status/fields";

/** The gateway's counts. */
export interface Counts {
    requests: number;
    /** Answers with 5xx, from the application or from the gateway in its place. */
    failures: number;
    /** Number of answers within each bound, in milliseconds; the largest bound is Infinity. */
    within: Map<number, number>;
}

/** The counts of one proxy since it started. */
export interface Scrape {
    /** Changes when the proxy's container restarts, so that its counts begin again. */
    proxy: string;
    /** Undefined if the proxy runs and didn't answer. */
    counts?: Counts;
}

export const nothing = (): Counts => ({ requests: 0, failures: 0, within: new Map() });

/**
 * Adds up the proxies' counts, from the first look that they answered. A proxy that appears later began at zero. One whose counts
 * are lower than before has restarted. One that disappears keeps its last counts.
 */
export class Tally {
    private last: Map<string, Counts | undefined> | undefined;
    total = nothing();

    /** @param baseline undefined if the gateway couldn't be asked: the next look is the first one */
    constructor(baseline?: readonly Scrape[]) {
        if (baseline) this.begin(baseline);
    }

    private begin(baseline: readonly Scrape[]): void {
        this.last = new Map(baseline.map(({ proxy, counts }) => [proxy, counts]));
    }

    add(scrapes: readonly Scrape[]): void {
        if (!this.last) return this.begin(scrapes);
        for (const { proxy, counts } of scrapes) {
            // If it was there at the first look and didn't answer, its counts may include earlier requests.
            const isFirst = this.last.has(proxy) && this.last.get(proxy) === undefined;
            if (counts === undefined) continue;
            if (!isFirst) this.total = plus(this.total, since(counts, this.last.get(proxy)));
            this.last.set(proxy, counts);
        }
    }
}

function since(now: Counts, before = nothing()): Counts {
    const began = now.requests < before.requests || now.failures < before.failures
        || [...before.within].some(([bound, count]) => (now.within.get(bound) ?? 0) < count);
    return began ? now : plus(now, before, -1);
}

function plus(one: Counts, other: Counts, factor = 1): Counts {
    const within = new Map(one.within);
    for (const [bound, count] of other.within) within.set(bound, (within.get(bound) ?? 0) + factor * count);
    return { requests: one.requests + factor * other.requests, failures: one.failures + factor * other.failures, within };
}

/**
 * A percentile of the answers' durations in milliseconds, estimated as Prometheus does: evenly spread between two bounds.
 * Undefined without answers; Infinity beyond the largest bound.
 */
export function quantile({ within }: Counts, share: number): number | undefined {
    const bounds = [...within.keys()].sort((a, b) => a - b);
    const all = Math.max(0, ...within.values());
    if (all === 0) return undefined;
    const rank = share * all;
    const index = bounds.findIndex(bound => (within.get(bound) ?? 0) >= rank);
    const [upper, lower] = [bounds[index], index > 0 ? bounds[index - 1] : 0];
    if (upper === Infinity) return Infinity;
    const below = index > 0 ? within.get(lower) ?? 0 : 0;
    const inside = (within.get(upper) ?? 0) - below;
    return inside === 0 ? upper : lower + (upper - lower) * (rank - below) / inside;
}

/**
 * Reads the counts of these services out of Envoy's statistics in Prometheus' format. Contour names what it sends requests to
 * NAMESPACE_SERVICE_PORT; names of neither have a "_".
 */
export function countsIn(statistics: string, namespace: string, services: readonly string[]): Counts {
    const counts = nothing();
    for (const line of statistics.split("\n")) {
        const [, name, labelText, value] = /^envoy_cluster_(upstream_rq_xx|upstream_rq_time_bucket)\{(.*)\} ([\d.e+]+)$/.exec(line.trim()) ?? [];
        if (name === undefined) continue;
        const labels = Object.fromEntries([...labelText.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text]));
        const [place, service, ...rest] = (labels.envoy_cluster_name ?? "").split("_");
        if (place !== namespace || !services.includes(service) || rest.length !== 1) continue;
        if (name === "upstream_rq_xx") {
            counts.requests += Number(value);
            if (labels.envoy_response_code_class === "5") counts.failures += Number(value);
        } else {
            const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
            counts.within.set(bound, (counts.within.get(bound) ?? 0) + Number(value));
        }
    }
    return counts;
}

/** Asks all proxies that run for the counts of an environment's services. */
export async function scrape(
    { connection, kubeconfig }: { connection: Connection; kubeconfig: string }, namespace: string, services: readonly string[],
): Promise<Scrape[]> {
    const selector = encodeURIComponent(`app.kubernetes.io/name=${proxyName}`);
    const pods = list(await send(connection, "GET", `/api/v1/namespaces/${namespaces.gateway}/pods?labelSelector=${selector}`, { seconds: 20 }), "items");
    const running = pods.flatMap(pod => {
        const status = list(pod, "status", "containerStatuses").find(each => text(each, "name") === proxyName);
        return Object.keys(fields(status, "state", "running")).length === 0 ? []
            : [{ pod: text(pod, "metadata", "name"), proxy: `${text(pod, "metadata", "uid")}/${number(status, "restartCount") ?? 0}` }];
    });
    const path = `/stats/prometheus?filter=${encodeURIComponent(`^cluster\\.${namespace}_`)}`;
    return Promise.all(running.map(async ({ pod, proxy }) => {
        const place = { kubeconfig, namespace: namespaces.gateway, pod, port: proxyPorts.health };
        const answer = await get(place, path, { host: "localhost" }, AbortSignal.timeout(15_000)).catch(() => undefined);
        return { proxy, ...(answer?.status === 200 && { counts: countsIn(answer.text, namespace, services) }) };
    }));
}
