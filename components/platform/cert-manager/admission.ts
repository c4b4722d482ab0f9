import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../../cluster/cluster";
import { connect, KubernetesError, send } from "../../cluster/kubernetes-api";
import { lookingAtNothing } from "../../cluster/lookup";
import { namespaceName } from "./names";

const patienceSeconds = 180;
const path = `/apis/cert-manager.io/v1/namespaces/${namespaceName}/issuers?dryRun=All`;
const issuer = {
    apiVersion: "cert-manager.io/v1", kind: "Issuer", metadata: { generateName: "admission-" }, spec: { selfSigned: {} },
};

/**
 * The webhook's registrations, known once the API server gets an answer from the webhook. The webhook's pods may be ready
 * seconds before the API server's node can reach them, and objects created in between are refused.
 */
export function untilAdmitting(
    { kubeconfig }: Cluster, registered: pulumi.CustomResource[],
): pulumi.Output<pulumi.Resource[]> {
    const known = pulumi.all([kubeconfig, ...registered.map(({ id }) => id)]);
    return pulumi.unsecret(known.apply(async ([text]) => {
        if (!lookingAtNothing() && !pulumi.runtime.isDryRun()) await answers(text);
        return registered;
    }));
}

/** Tries a dry run with an Issuer. Any other error, or one that persists, shows when the real objects are created. */
export async function answers(kubeconfig: string, seconds = patienceSeconds): Promise<void> {
    const connection = await connect(kubeconfig);
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 1000))) {
        const error = await send(connection, "POST", path, { body: issuer, seconds: 15 }).then(() => undefined, (reason: Error) => reason);
        if (!(error instanceof KubernetesError) || !error.message.includes("failed calling webhook")) return;
    }
}
