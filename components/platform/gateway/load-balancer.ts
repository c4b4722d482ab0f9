import * as pulumi from "@pulumi/pulumi";
import { connect, read } from "../../cluster/kubernetes-api";
import { isEngine } from "../../cluster/ownership/classify";
import { namespaces } from "../namespaces";
import { envoy } from "./envoy";

interface LiveService {
    metadata: { managedFields?: { manager?: string; fieldsV1?: { "f:spec"?: Record<string, unknown> } }[] };
    spec: { type?: string; loadBalancerClass?: string };
}

/** Seconds to wait for a cluster that doesn't answer at once. A preview has nothing to compare then. */
const patience = { preview: 0, update: 60 };

/**
 * The class of the gateway's load balancer, and whether the program chose it or the cluster did. Undefined if there is no load
 * balancer, or the cluster doesn't answer.
 */
export async function readLoadBalancerClass(kubeconfig: string): Promise<{ value?: string; chosen: boolean } | undefined> {
    const seconds = pulumi.runtime.isDryRun() ? patience.preview : patience.update;
    const path = `/api/v1/namespaces/${namespaces.gateway}/services/${envoy.name}`;
    const service = await connect(kubeconfig).then(connection => read(connection, path, { patience: seconds }))
        .catch(() => undefined) as LiveService | undefined;
    if (service?.spec.type !== "LoadBalancer") return undefined;
    const { metadata: { managedFields = [] }, spec: { loadBalancerClass: value } } = service;
    const chosen = managedFields.some(({ manager = "", fieldsV1 }) =>
        isEngine(manager) && "f:loadBalancerClass" in (fieldsV1?.["f:spec"] ?? {}));
    return { value, chosen };
}
