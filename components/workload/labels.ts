import * as pulumi from "@pulumi/pulumi";

/** Name, namespace and labels of an object that belongs to a workload. */
export interface Metadata {
    name: string;
    namespace: pulumi.Output<string>;
    labels: Record<string, string>;
}

/** Labels that select the pods of one workload; never changed once landed, as selectors are immutable. */
export function selectorLabels(name: string): Record<string, string> {
    return { "app.kubernetes.io/name": name };
}

/** The recommended labels of an object that belongs to workload `name`. */
export function objectLabels(name: string): Record<string, string> {
    return { ...selectorLabels(name), "app.kubernetes.io/part-of": "landfall" };
}

/** The label that opens a namespace to the gateway's routes. */
export const gatewayAccessLabel = { "landfall.dev/gateway-access": "allowed" };

/** The label of a claim that names the group of the pods that write it, as nobody changes the owner of a node's directory later. */
export const groupLabel = "landfall.dev/group";
