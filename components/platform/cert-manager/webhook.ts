import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../../cluster/cluster";
import { connect, KubernetesError, send } from "../../cluster/kubernetes-api";
import { lookingAtNothing } from "../../cluster/lookup";
import { images } from "../../versions";
import { objectLabels, selectorLabels } from "../../workload/labels";
import { createDeployment, patience } from "../deployment";
import { createServiceAccount } from "../objects";
import { namespaceName, webhookName as name } from "./names";
import { configuredPod, createConfig } from "./program";

/** One of the few ports that API servers of clouds can reach on private nodes. */
export const webhookPort = 10250;
const healthPort = 6080;
const authoritySecret = `${name}-ca`;

/** Creates the webhook with which the API server validates cert-manager's objects. */
export function createWebhook(
    namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions & { dependsOn: pulumi.Resource[] },
): kubernetes.apps.v1.Deployment {
    const metadata = { name, namespace, labels: objectLabels(name) };
    const account = createAccount(namespace, options);
    const config = createConfig(metadata, configuration, options);
    const service = new kubernetes.core.v1.Service(name, {
        metadata,
        spec: { selector: selectorLabels(name), ports: [{ name: "https", port: 443, targetPort: "https" }] },
    }, options);
    const ready = { httpGet: { path: "/healthz", port: "health" } };
    return createDeployment(metadata, {
        replicas: 2,
        uid: 65532,
        pod: configuredPod(account, config, {
            name,
            image: images.certManagerWebhook,
            ports: [
                { name: "https", containerPort: webhookPort },
                { name: "health", containerPort: healthPort },
            ],
            // It needs that long to get its certificate.
            startupProbe: { ...ready, initialDelaySeconds: 3, periodSeconds: 1, failureThreshold: 120 },
            readinessProbe: { ...ready, periodSeconds: 5 },
            livenessProbe: { httpGet: { path: "/livez", port: "health" }, ...patience },
            resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
        }),
        // Kept until the webhook is no longer registered: without it, none of cert-manager's objects could be deleted.
    }, { ...options, dependsOn: [...options.dependsOn, service] });
}

/**
 * Registers the webhook with the API server; known once the cainjector has added the webhook's CA. `running` are the webhook
 * and the cainjector.
 */
export function registerWebhook(running: pulumi.Resource[], options: pulumi.CustomResourceOptions): pulumi.CustomResource[] {
    const { MutatingWebhookConfiguration, ValidatingWebhookConfiguration } = kubernetes.admissionregistration.v1;
    const metadata = {
        name,
        labels: objectLabels(name),
        annotations: {
            "cert-manager.io/inject-ca-from-secret": `${namespaceName}/${authoritySecret}`,
            "pulumi.com/waitFor": "jsonpath={.webhooks[0].clientConfig.caBundle}",
        },
    };
    const webhook = (path: string) => ({
        name: "webhook.cert-manager.io",
        admissionReviewVersions: ["v1"],
        clientConfig: { service: { name, namespace: namespaceName, path } },
        failurePolicy: "Fail",
        matchPolicy: "Equivalent",
        sideEffects: "None",
        timeoutSeconds: 10,
    });
    const rule = { apiGroups: ["cert-manager.io"], apiVersions: ["v1"] };
    const later = { ...options, dependsOn: running };
    return [
        new MutatingWebhookConfiguration(name, {
            metadata,
            webhooks: [{
                ...webhook("/mutate"),
                rules: [{ ...rule, operations: ["CREATE"], resources: ["certificaterequests"] }],
            }],
        }, later),
        new ValidatingWebhookConfiguration(name, {
            metadata,
            webhooks: [{
                ...webhook("/validate"),
                rules: [{
                    ...rule,
                    apiGroups: ["cert-manager.io", "acme.cert-manager.io"],
                    operations: ["CREATE", "UPDATE"],
                    resources: ["*/*"],
                }],
            }],
        }, later),
    ];
}

const configuration = {
    apiVersion: "webhook.config.cert-manager.io/v1alpha1",
    kind: "WebhookConfiguration",
    securePort: webhookPort,
    healthzPort: healthPort,
    metricsListenAddress: "0",
    tlsConfig: {
        minTLSVersion: "VersionTLS12",
        dynamic: {
            secretNamespace: namespaceName,
            secretName: authoritySecret,
            dnsNames: [name, `${name}.${namespaceName}`, `${name}.${namespaceName}.svc`],
        },
    },
};

/** It keeps its CA in a Secret that all replicas share, and checks whether a request's approver may approve. */
function createAccount(
    namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    return createServiceAccount(name, {
        namespace,
        rules: [
            { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
            {
                apiGroups: [""],
                resources: ["secrets"],
                resourceNames: [authoritySecret],
                verbs: ["get", "list", "watch", "update"],
            },
        ],
        clusterRules: [
            { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
        ],
    }, options);
}

const patienceSeconds = 180;
const issuersPath = `/apis/cert-manager.io/v1/namespaces/${namespaceName}/issuers?dryRun=All`;
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
        const error = await send(connection, "POST", issuersPath, { body: issuer, seconds: 15 }).then(() => undefined, (reason: Error) => reason);
        if (!(error instanceof KubernetesError) || !error.message.includes("failed calling webhook")) return;
    }
}
