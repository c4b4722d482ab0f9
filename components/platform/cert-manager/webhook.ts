import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { images } from "../../versions";
import { objectLabels, selectorLabels } from "../../workload/labels";
import { createDeployment, patience } from "../deployment";
import { createServiceAccount } from "../rbac";
import { configuredPod, createConfig } from "./config";
import { namespaceName, webhookName as name } from "./names";

/** Among the few ports that clouds let their API servers reach on private nodes. */
export const webhookPort = 10250;
const healthPort = 6080;
const authoritySecret = `${name}-ca`;

/** Creates the webhook, by which the API server has cert-manager's objects checked. */
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
            // Its certificate takes it that long.
            startupProbe: { ...ready, initialDelaySeconds: 3, periodSeconds: 1, failureThreshold: 120 },
            readinessProbe: { ...ready, periodSeconds: 5 },
            livenessProbe: { httpGet: { path: "/livez", port: "health" }, ...patience },
            resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
        }),
        // Kept until the webhook is registered no more: without it, no object of cert-manager's could be deleted.
    }, { ...options, dependsOn: [...options.dependsOn, service] });
}

/**
 * Registers the webhook with the API server; known once the cainjector has put in by which authority the API server
 * knows the webhook. `running` are the two.
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

/** Keeps its authority in a Secret that all replicas share, and asks whether a request's approver may approve. */
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
