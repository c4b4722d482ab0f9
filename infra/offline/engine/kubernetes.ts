import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { isReady, type Readiness } from "./await";
import { fieldManager, isCode, KubernetesClient } from "./kubernetes-client";
import { isAutonamed, kubernetesDifference } from "./kubernetes-replace";
import type { Outcome } from "./monitor";
import type { ResourceState } from "./state";
import type { Action, Handler } from "./types";
import { asObject, asString, containsSecret, items, secret, unwrap, type Value, type Values } from "./values";

const tenMinutes = 600;
const clients = new Map<string, KubernetesClient>();

/** Every Kubernetes object: server-side apply, then the readiness that pulumi-kubernetes waits for. */
export const kubernetes: Handler = {
    check({ type, name, provider, inputs }, old) {
        const what = `${type} "${name}"`;
        if (!provider) throw new Error(`${what} has no explicit provider; the offline engine uses no default one`);
        const metadata = asObject(inputs.metadata);
        if (metadata.generateName) throw new Error(`${what} uses generateName, which server-side apply can't do`);
        return metadata.name === undefined ? autonamed(name, inputs, old?.inputs) : inputs;
    },
    diff: (old, inputs, provider) => kubernetesDifference(old.inputs, inputs, provider),
    async create(action) {
        const takesOver = String(action.provider.upsertExistingObjects) === "true";
        if (!action.resumed && !takesOver) await refuseForeign(action);
        return apply(action);
    },
    update: apply,
    read,
    delete: remove,
};

async function apply(action: Action): Promise<Outcome> {
    const client = clientOf(action);
    const object = unwrap(action.inputs) as Values;
    const applied = await client.apply(object);
    const live = skipsAwait(object) ? applied : await untilReady(action, client, applied);
    const { name, namespace } = asObject(live.metadata);
    return { id: [namespace, name].filter(Boolean).join("/"), outputs: outputsOf(action.inputs, live) };
}

/** The object of this id, as pulumi-kubernetes has it: `namespace/name`, or `name`; what a Secret holds is secret. */
async function read(action: Action, id: string): Promise<Outcome> {
    const [, groupVersion, kind] = action.type.split(":");
    const apiVersion = groupVersion.replace(/^core\//, "");
    const [name, namespace = null] = id.split("/").reverse();
    const live = await clientOf(action).read({ apiVersion, kind, metadata: { name, namespace } });
    if (!live) throw new Error(`there is no ${kind} ${id} to read`);
    const inputs: Values = kind === "Secret" ? { data: secret({}), stringData: secret({}) } : {};
    return { id, outputs: outputsOf(inputs, live) };
}

/** What someone else made stays theirs, if nobody says otherwise: taken over, it would be deleted with the stack. */
async function refuseForeign(action: Action): Promise<void> {
    const live = await clientOf(action).read(unwrap(action.inputs) as Values).catch(error => {
        // Its kind is only just coming; creating waits for that.
        if (isCode(error, 404)) return undefined;
        throw error;
    });
    if (!live || isMadeHere(live)) return;
    throw new Error("it exists already and was not made by the offline engine; delete or rename it first");
}

/** Whether the engine has had a hand in it. */
function isMadeHere(live: Values): boolean {
    return items(asObject(live.metadata).managedFields).some(({ manager }) => manager === fieldManager);
}

async function untilReady(action: Action, client: KubernetesClient, applied: Values): Promise<Values> {
    let readiness: Readiness = { ready: false };
    const live = await poll(action, applied, async () => {
        const object = await client.read(applied);
        if (!object) throw new Error("it was deleted while the engine waited for it");
        readiness = await isReady(client, object);
        action.progress(readiness.reason ?? "");
        return readiness.ready ? object : undefined;
    });
    if (live) return live;
    throw new Error(`it was applied, but did not become ready in time: ${readiness.reason ?? "no reason given"}`);
}

async function remove(action: Action, old: ResourceState, current: ResourceState | undefined): Promise<void> {
    const uid = uidOf(old);
    // A provider that only seemed to be another cluster's: the new object is the old one.
    if (uid !== undefined && current && uidOf(current) === uid) return;
    const client = clientOf(action);
    const { apiVersion, kind, metadata } = unwrap(action.inputs) as Values;
    const { name, namespace = null } = asObject(metadata);
    const object: Values = { apiVersion, kind, metadata: { name, namespace } };
    // Its making never ended: what is there may be the very object that it was refused for.
    if (uid === undefined && !isMadeHere(await client.read(object) ?? {})) return;
    const policy = annotation(metadata, "deletionPropagationPolicy")?.toLowerCase();
    const propagation = policy === "background" ? "Background" : policy === "orphan" ? "Orphan" : "Foreground";
    if (!(await client.delete(object, propagation, uid)) || skipsAwait({ metadata })) return;
    let finalizers = "";
    const gone = await poll(action, { metadata }, async () => {
        const live = await client.read(object);
        const meta = asObject(live?.metadata);
        finalizers = JSON.stringify(meta.finalizers ?? asObject(live?.spec).finalizers ?? []);
        action.progress(`finalizers: ${finalizers}`);
        return !live || (uid !== undefined && meta.uid !== uid) ? true : undefined;
    });
    if (!gone) throw new Error(`it is being deleted, but still there; its finalizers are ${finalizers}`);
}

/** Asks again and again until there is an answer; undefined if there is none in time. */
async function poll<T>(
    action: Action,
    { metadata }: Values,
    ask: () => Promise<T | undefined>,
): Promise<T | undefined> {
    const seconds = action.timeout ?? Number(annotation(metadata, "timeoutSeconds") ?? tenMinutes);
    const end = Date.now() + seconds * 1000;
    for (let pause = 100; ; pause = Math.min(pause * 1.5, 2000)) {
        const answer = await ask();
        if (answer !== undefined || Date.now() >= end) return answer;
        await sleep(pause);
    }
}

/** One client a provider, so that what the cluster offers is asked once. */
function clientOf({ provider }: Action): KubernetesClient {
    const key = JSON.stringify(provider);
    const client = clients.get(key) ?? new KubernetesClient(provider);
    clients.set(key, client);
    return client;
}

/** Names the object like pulumi-kubernetes: after the resource, with seven random digits; once named it stays so. */
function autonamed(resource: string, inputs: Values, old: Values | undefined): Values {
    const digits = Array.from({ length: 7 }, () => randomInt(16).toString(16)).join("");
    const kept = old && isAutonamed(old) ? asString(asObject(old.metadata).name) : undefined;
    const metadata = asObject(inputs.metadata);
    const annotations = { ...asObject(metadata.annotations), "pulumi.com/autonamed": "true" };
    return { ...inputs, metadata: { ...metadata, annotations, name: kept ?? `${resource}-${digits}` } };
}

function uidOf({ outputs }: ResourceState): string | undefined {
    return asString(asObject(outputs.metadata).uid);
}

/** The live object; secret where the inputs are. */
function outputsOf(inputs: Values, live: Values): Values {
    const { managedFields: _, ...metadata } = asObject(live.metadata);
    const mark = (key: string, value: Value): Value => (containsSecret(inputs[key]) ? secret(value) : value);
    return Object.fromEntries(Object.entries({ ...live, metadata }).map(([key, value]) => [key, mark(key, value)]));
}

function skipsAwait({ metadata }: Values): boolean {
    return annotation(metadata, "skipAwait") === "true";
}

function annotation(metadata: Value | undefined, name: string): string | undefined {
    return asString(asObject(asObject(metadata).annotations)[`pulumi.com/${name}`]);
}
