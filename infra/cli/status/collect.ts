import * as http from "node:http";
import * as https from "node:https";
import { TLSSocket } from "node:tls";
import { connect, type Connection, KubernetesError, type Json, send } from "../../../components/cluster/kubernetes-api";
import { namespaces, platformConfigMap } from "../../../components/platform/namespaces";
import { clean, type Fields, list, text } from "./fields";
import { type Kind, kinds, nameOf, type Observed, observed } from "./objects";

/** What was seen of a cluster. */
export interface Seen {
    observed: Observed;
    /** Version of its API server. */
    version: string;
    /** The API server's clock, in milliseconds since 1970; undefined if it doesn't say. */
    time?: number;
    /** When the API server's certificate ends, likewise; undefined if it has none. */
    apiCertificateEnds?: number;
    /** The site's address in its own settings; undefined if no pod has one. */
    address?: string;
    /** What couldn't be read, and why. */
    unread: { what: string; why: string; forbidden: boolean }[];
}

/** The cluster didn't answer at all. */
export class Unreachable extends Error {
    constructor(message: string, readonly code?: number) {
        super(message);
    }
}

/** Seconds that one question may take, and how many are asked at the same time. */
const limits = { first: 10, each: 15, parallel: 16 };

/** A namespace, and the host at which its site is. */
interface Environment {
    name: string;
    host?: string;
}

type Place = "cluster" | "environment" | "gateway" | "certificates" | "everywhere";

/** Where each kind is found. Those of extensions may not be known to a cluster. */
const sources: Record<Exclude<Kind, "nodeStats">, { path: string; place: Place; query?: string }> = {
    nodes: { path: "/api/v1/nodes", place: "cluster" },
    pods: { path: "/api/v1/pods", place: "everywhere" },
    events: { path: "/api/v1/events", place: "everywhere", query: "fieldSelector=type%3DWarning" },
    deployments: { path: "/apis/apps/v1/deployments", place: "everywhere" },
    statefulSets: { path: "/apis/apps/v1/statefulsets", place: "everywhere" },
    autoscalers: { path: "/apis/autoscaling/v2/horizontalpodautoscalers", place: "everywhere" },
    jobs: { path: "/apis/batch/v1/jobs", place: "everywhere" },
    cronJobs: { path: "/apis/batch/v1/cronjobs", place: "everywhere" },
    budgets: { path: "/apis/policy/v1/poddisruptionbudgets", place: "everywhere" },
    claims: { path: "/api/v1/persistentvolumeclaims", place: "everywhere" },
    quotas: { path: "/api/v1/resourcequotas", place: "environment" },
    services: { path: "/api/v1/services", place: "gateway" },
    gateways: { path: "/apis/gateway.networking.k8s.io/v1/gateways", place: "gateway" },
    routes: { path: "/apis/gateway.networking.k8s.io/v1/httproutes", place: "environment" },
    certificates: { path: "/apis/cert-manager.io/v1/certificates", place: "certificates" },
    challenges: { path: "/apis/acme.cert-manager.io/v1/challenges", place: "certificates" },
    // Other than warnings: a preemption is the scheduler's everyday work.
    preemptions: { path: "/api/v1/events", place: "everywhere", query: "fieldSelector=reason%3DPreempted" },
    volumeSnapshots: { path: "/apis/snapshot.storage.k8s.io/v1/volumesnapshots", place: "environment" },
};

/**
 * Reads everything that shows a stack's state, in its own namespaces and, with `system`, in kube-system.
 * @param environment its environment; undefined if it has none
 * @throws Unreachable if the cluster doesn't answer
 */
export async function collect(kubeconfig: string, environment: Environment | undefined, system: boolean): Promise<Seen> {
    const connection = await reach(kubeconfig);
    const ask = (path: string, seconds = limits.each): Promise<Json> => inTime(send(connection, "GET", path, { seconds }), seconds, connection);
    const [{ gitVersion }, clock, there] = await Promise.all([
        ask("/version", limits.first),
        inTime(serverClock(connection), limits.first, connection).catch(() => undefined),
        ask("/api/v1/namespaces", limits.first).then(({ items }) => list(items).map(nameOf), (error: Error) => {
            if (error instanceof KubernetesError && error.code === 403) return undefined;
            throw error;
        }),
    ]).catch((error: Error) => { throw unreachable(error); });
    const ofEnvironment = environment === undefined ? [] : [environment.name];
    const own = [...new Set([...ofEnvironment, ...Object.values(namespaces), ...(system ? ["kube-system"] : [])])]
        .filter(name => there === undefined || there.includes(name))
        .filter(name => system || name !== "kube-system");

    const seen: Seen = { observed: observed(), version: text(gitVersion), ...clock, unread: [] };
    const places: Record<Place, string[]> = {
        cluster: [""], environment: ofEnvironment, gateway: [namespaces.gateway], certificates: [namespaces.certificates], everywhere: own,
    };
    const questions = sourceKinds.flatMap(kind => places[sources[kind].place].map(namespace => async () => {
        const { path, query } = sources[kind];
        const [, group, resource] = /^(.+)\/([a-z]+)$/.exec(path) as unknown as [string, string, string];
        const full = namespace === "" ? path : `${group}/namespaces/${namespace}/${resource}`;
        try {
            seen.observed[kind].push(...itemsOf(await ask(query ? `${full}?${query}` : full)));
        } catch (error) {
            const code = error instanceof KubernetesError ? error.code : undefined;
            if (code === 404) return;
            const what = namespace === "" ? resource : `${resource} in ${namespace}`;
            seen.unread.push({ what, why: clean((error as Error).message), forbidden: code === 403 });
        }
    }));
    const address = environment === undefined ? undefined : addressIn(ask, environment).catch(() => undefined);
    await inParallel(questions);
    await inParallel(nodesWithClaims(seen.observed).map(node => async () => {
        // Many may not ask the kubelets. Nothing else depends on it.
        const stats = await ask(`/api/v1/nodes/${encodeURIComponent(node)}/proxy/stats/summary`).catch(() => undefined);
        if (stats !== undefined) seen.observed.nodeStats.push(stats);
    }));
    return { ...seen, address: await address };
}

const sourceKinds = kinds.filter(kind => kind !== "nodeStats");

/** The nodes whose pods have volumes of the stack's claims. */
function nodesWithClaims({ pods }: Observed): string[] {
    const using = pods.filter(pod => list(pod, "spec", "volumes").some(volume => text(volume, "persistentVolumeClaim", "claimName") !== ""));
    return [...new Set(using.map(pod => text(pod, "spec", "nodeName")).filter(Boolean))];
}

/** The items of a list, which an API server leaves null if there are none. */
function itemsOf({ items }: Json): Fields[] {
    return list({ items }, "items");
}

/**
 * WordPress's address in its pods' settings, of which nothing else is kept. Services have their host, at the port of the cluster's
 * gateway.
 */
async function addressIn(ask: (path: string) => Promise<Json>, { name, host }: Environment): Promise<string | undefined> {
    const found = await ask(`/api/v1/namespaces/${name}/configmaps/web-environment`).catch(ifThere);
    const own = webAddress(text(found, "data", "WORDPRESS_URL"));
    if (own !== undefined || host === undefined) return own;
    const platform = await ask(`/api/v1/namespaces/${namespaces.gateway}/configmaps/${platformConfigMap}`).catch(ifThere);
    const [, port] = /^"[^"]*?(:\d+)?"$/.exec(text(platform, "data", "endpoint")) ?? [];
    return platform && webAddress(`https://${host}${port ?? ""}`);
}

/** What isn't there, or mustn't be read, says nothing. */
function ifThere(error: Error): undefined {
    if (error instanceof KubernetesError && [403, 404].includes(error.code)) return undefined;
    throw error;
}

/** The address if it is one that a browser may be given. */
export function webAddress(given: string): string | undefined {
    const url = URL.canParse(given) ? new URL(given) : undefined;
    return url && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" ? url.href.replace(/\/$/, "") : undefined;
}

/** Reads the site's address from the cluster; undefined if nothing says it. @throws Unreachable */
export async function askAddress(kubeconfig: string, environment: Environment): Promise<string | undefined> {
    const connection = await reach(kubeconfig);
    const ask = (path: string): Promise<Json> => inTime(send(connection, "GET", path, { seconds: limits.first }), limits.first, connection);
    return addressIn(ask, environment).catch((error: Error) => { throw unreachable(error); });
}

function reach(kubeconfig: string): Promise<Connection> {
    return connect(kubeconfig).catch((error: Error) => { throw unreachable(error); });
}

export function unreachable(error: Error): Unreachable {
    return new Unreachable(clean(error.message) || "it closed the connection", error instanceof KubernetesError ? error.code : undefined);
}

/** When the API server answers, by its own clock, and when its certificate ends. */
function serverClock({ server, options }: Connection): Promise<Pick<Seen, "time" | "apiCertificateEnds">> {
    const { request } = server.protocol === "http:" ? http : https;
    return new Promise((resolve, reject) => {
        const sent = request(new URL(`${server.pathname.replace(/\/$/, "")}/version`, server), options, response => {
            response.resume();
            const { socket } = response;
            const end = socket instanceof TLSSocket ? socket.getPeerCertificate().valid_to : "";
            const [time, apiCertificateEnds] = [response.headers.date, end].map(text => Date.parse(text ?? ""));
            resolve({ ...(!Number.isNaN(time) && { time }), ...(!Number.isNaN(apiCertificateEnds) && { apiCertificateEnds }) });
        });
        sent.on("error", reject).end();
    });
}

/** The answer, unless it takes longer altogether: a server that trickles never times out by itself. */
function inTime<T>(work: Promise<T>, seconds: number, { server }: Connection): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`${server.origin} did not answer within ${seconds} s`)), seconds * 1000);
    });
    return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function inParallel(work: (() => Promise<void>)[]): Promise<void> {
    const waiting = [...work];
    await Promise.all(Array.from({ length: limits.parallel }, async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) await next();
    }));
}
