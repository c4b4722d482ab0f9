import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";

/** Name, namespace and labels of an object that belongs to a workload. */
export interface Metadata {
    name: string;
    namespace: pulumi.Output<string>;
    labels: Record<string, string>;
}

/** Labels that select the pods of one workload. They must never change, because selectors are immutable. */
export function selectorLabels(name: string): Record<string, string> {
    return { "app.kubernetes.io/name": name };
}

/** The recommended labels of an object that belongs to workload `name`. */
export function objectLabels(name: string): Record<string, string> {
    return { ...selectorLabels(name), "app.kubernetes.io/part-of": "landfall" };
}

/** Name of an object that belongs to a host. A host name may be as long as an object's name, so a long one is cut. */
export function hostObjectName(prefix: string, host: string): string {
    const name = `${prefix}-${host}`;
    return name.length <= 253 ? name : `${name.slice(0, 188)}${createHash("sha256").update(name).digest("hex")}`;
}

/** The label of namespaces whose routes the gateway accepts, unless its hosts belong to one environment. */
export const gatewayAccessLabel = { "landfall.dev/gateway-access": "allowed" };

/** The label of a claim that names the group of its pods: on a node's disk, the directory's group is set only once. */
export const groupLabel = "landfall.dev/group";

/** Name of the activator of a stack's environment, if that sleeps. */
export const activatorName = "activator";

/** The field manager as which an activator changes objects: cluster.mjs in its image has it too. Scaling leaves no trace of it. */
export const activatorManager = "landfall-activator";

/** The annotation of a server's workload that says when its certificate ends, as an ISO date. */
export const expiryAnnotation = "landfall.dev/certificate-expires";
