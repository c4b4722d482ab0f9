import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { images } from "../../versions";
import { objectLabels } from "../../workload/labels";
import { createDeployment } from "../deployment";
import { createServiceAccount } from "../objects";
import { cainjectorName as name, namespaceName, webhookName } from "./names";
import { configuredPod, createConfig, leaseRules } from "./program";

/**
 * Creates the cainjector, which gives the API server the CA of the webhook. One replica is enough: it only acts when the CA
 * changes, and nothing waits for it.
 */
export function createCainjector(
    namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.Deployment {
    const metadata = { name, namespace, labels: objectLabels(name) };
    const account = createAccount(namespace, options);
    const config = createConfig(metadata, configuration, options);
    return createDeployment(metadata, {
        replicas: 1,
        uid: 65532,
        pod: configuredPod(account, config, {
            name,
            image: images.certManagerCainjector,
            resources: { requests: { cpu: "10m", memory: "48Mi" }, limits: { cpu: "500m", memory: "192Mi" } },
        }),
    }, options);
}

const configuration = {
    apiVersion: "cainjector.config.cert-manager.io/v1alpha1",
    kind: "CAInjectorConfiguration",
    namespace: namespaceName,
    leaderElectionConfig: { namespace: namespaceName },
    metricsListenAddress: "0",
    enableDataSourceConfig: { certificates: false },
    enableInjectableConfig: {
        validatingWebhookConfigurations: true,
        mutatingWebhookConfigurations: true,
        customResourceDefinitions: false,
        apiServices: false,
    },
};

function createAccount(
    namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    const apiGroups = ["admissionregistration.k8s.io"];
    const resources = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"];
    return createServiceAccount(name, {
        namespace,
        rules: [
            ...leaseRules("cert-manager-cainjector-leader-election"),
            { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
            { apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"] },
        ],
        clusterRules: [
            { apiGroups, resources, verbs: ["get", "list", "watch"] },
            { apiGroups, resources, resourceNames: [webhookName], verbs: ["update", "patch"] },
        ],
    }, options);
}
