import { setTimeout as sleep } from "node:timers/promises";

import { connect, type Connection, KubernetesError, send } from "../../../components/cluster/kubernetes-api";
import { asObject, asString, isObject, type Values } from "./values";

interface Kind {
    name: string;
    kind: string;
    namespaced: boolean;
}

export const fieldManager = "landfall";
const attempts = 6;

/** The little of the Kubernetes API that the engine needs. */
export class KubernetesClient {
    private readonly connection: Promise<Connection>;
    private readonly kinds = new Map<string, Promise<Kind[]>>();

    /** From the inputs of a `pulumi:providers:kubernetes`. */
    constructor(provider: Values) {
        this.connection = connectTo(provider);
    }

    /** Creates the object or makes it what it should be; waits for a namespace or definition that is just coming. */
    async apply(object: Values): Promise<Values> {
        const query = `?fieldManager=${fieldManager}&force=true`;
        return this.patiently(async () => this.request("PATCH", (await this.path(object)) + query, object));
    }

    /** The object as it is; undefined if there is none. */
    async read(object: Values): Promise<Values | undefined> {
        return orMissing(async () => this.request("GET", await this.path(object)));
    }

    /** The objects of a kind in the namespace of `object` that have the labels. */
    async list(apiVersion: string, kind: string, object: Values, labels: Values): Promise<Values[]> {
        const namespace = asObject(object.metadata).namespace ?? null;
        const path = await this.path({ apiVersion, kind, metadata: { namespace } });
        const selector = Object.entries(labels).map(([key, value]) => `${key}=${String(value)}`).join(",");
        const { items } = await this.request("GET", `${path}?labelSelector=${encodeURIComponent(selector)}`);
        return Array.isArray(items) ? items.filter(isObject) : [];
    }

    /** Asks for the deletion, of the object with this `uid` only if it is given; says whether there was one. */
    async delete(object: Values, propagationPolicy: string, uid?: string): Promise<boolean> {
        const options = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy };
        const body = { ...options, ...(uid && { preconditions: { uid } }) };
        return (await orMissing(async () => this.request("DELETE", await this.path(object), body))) !== undefined;
    }

    private async path(object: Values): Promise<string> {
        const apiVersion = asString(object.apiVersion) ?? "";
        const { name, namespace } = asObject(object.metadata);
        const base = `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}`;
        const kind = await this.kind(base, asString(object.kind) ?? "");
        const space = asString(namespace) ?? (await this.connection).namespace ?? "default";
        const parts = [base, ...(kind.namespaced ? ["namespaces", space] : []), kind.name];
        return [...parts, ...(typeof name === "string" ? [encodeURIComponent(name)] : [])].join("/");
    }

    private async kind(base: string, kind: string): Promise<Kind> {
        const known = this.kinds.get(base) ?? this.kindsOf(base);
        this.kinds.set(base, known);
        const found = (await known.catch(() => [])).find(item => item.kind === kind && !item.name.includes("/"));
        if (found) return found;
        // A definition may have come since; and an error must not stay.
        this.kinds.delete(base);
        await known;
        throw new KubernetesError(404, `The cluster has no kind ${kind} in ${base.replace(/^\/apis?\//, "")}`);
    }

    private async kindsOf(base: string): Promise<Kind[]> {
        const { resources } = await this.request("GET", base);
        return (Array.isArray(resources) ? resources : []) as unknown as Kind[];
    }

    private async patiently<T>(act: () => Promise<T>): Promise<T> {
        for (let attempt = 1; ; attempt++) {
            try {
                return await act();
            } catch (error) {
                if (!isCode(error, 404) || attempt === attempts) throw error;
                await sleep(250 * 2 ** attempt);
            }
        }
    }

    /** Tries again what a starting or busy API server refuses. */
    private async request(method: string, path: string, body?: Values): Promise<Values> {
        const connection = await this.connection;
        for (let attempt = 1; ; attempt++) {
            try {
                return await send(connection, method, path, { body }) as Values;
            } catch (error) {
                const passing = !(error instanceof KubernetesError) || error.code === 429 || error.code >= 500;
                if (!passing || attempt === attempts) throw error;
                await sleep(100 * 2 ** attempt);
            }
        }
    }
}

/** Whether the error is this answer of the API server. */
export function isCode(error: unknown, code: number): boolean {
    return error instanceof KubernetesError && error.code === code;
}

async function orMissing<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
        return await act();
    } catch (error) {
        if (isCode(error, 404)) return undefined;
        throw error;
    }
}

async function connectTo(provider: Values): Promise<Connection> {
    const kubeconfig = asString(provider.kubeconfig);
    if (!kubeconfig) throw new Error("The Kubernetes provider has no kubeconfig; the offline engine needs one");
    const connection = await connect(kubeconfig, asString(provider.context));
    return { ...connection, namespace: asString(provider.namespace) ?? connection.namespace };
}
