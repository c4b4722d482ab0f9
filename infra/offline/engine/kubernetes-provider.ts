import { randomUUID } from "node:crypto";
import * as fs from "node:fs";

import * as yaml from "yaml";

import type { Difference, Handler } from "./types";
import { asString, containsUnknown, equal, secret, type Value, type Values } from "./values";

/** `pulumi:providers:kubernetes`: its inputs are all there is to it. */
export const kubernetesProvider: Handler = {
    check({ name, inputs }) {
        if (inputs.renderYamlToDirectory !== undefined) {
            throw new Error(`The provider "${name}" uses renderYamlToDirectory, which only Pulumi's engine does`);
        }
        return { ...inputs, ...(inputs.kubeconfig !== undefined && { kubeconfig: content(inputs.kubeconfig) }) };
    },
    diff: (old, inputs) => difference(old.inputs, inputs),
    async create({ inputs }) {
        return { id: randomUUID(), outputs: inputs };
    },
    async update({ inputs }, old) {
        return { id: old.id, outputs: inputs };
    },
    async delete() {
        // Nothing outside the state.
    },
};

/**
 * Another cluster is another provider, and then all its resources are made again. `clusterIdentifier` says what is the
 * same cluster; without it, the entry of the kubeconfig's active cluster does.
 */
function difference(old: Values, inputs: Values): Difference {
    if (equal(old, inputs)) return { change: "none" };
    const [before, after] = [old, inputs].map(values => asString(values.clusterIdentifier));
    if (before && after) return { change: before === after ? "update" : "replace" };
    if (containsUnknown([inputs.kubeconfig ?? null, inputs.context ?? null])) return { change: "replace" };
    return { change: equal(activeCluster(old), activeCluster(inputs)) ? "update" : "replace" };
}

function activeCluster(inputs: Values): Value {
    const config = yaml.parse(asString(inputs.kubeconfig) ?? "{}") as {
        "current-context"?: string;
        contexts?: { name: string; context: { cluster: string } }[];
        clusters?: { name: string; cluster: Value }[];
    };
    const name = asString(inputs.context) ?? config["current-context"];
    const context = config.contexts?.find(entry => entry.name === name)?.context;
    return config.clusters?.find(entry => entry.name === context?.cluster)?.cluster ?? null;
}

/** A kubeconfig is given as its content or as a file. */
function content(kubeconfig: Value): Value {
    const text = asString(kubeconfig);
    if (!text || text.includes("\n") || text.trimStart().startsWith("{") || !fs.existsSync(text)) return kubeconfig;
    return secret(fs.readFileSync(text, "utf8"));
}
