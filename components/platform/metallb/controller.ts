import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { withEphemeralStorage } from "../../scratch";
import { images } from "../../versions";
import { objectLabels } from "../../workload/labels";
import { containerSecurityContext } from "../../workload/security";
import { createDeployment, patience } from "../deployment";
import { createServiceAccount } from "../objects";
import { commonArgs, controllerName as name, group, healthPort, podNameVariable } from "./names";

/**
 * Creates the controller, which assigns addresses to Services of type LoadBalancer. One replica: it has no leader election,
 * and while it is down, addresses stay where they are.
 *
 * It has no webhook: the pool comes from settings that are already checked, and the controller checks it again when it reads
 * it. So it needs no rights on Secrets, admission and CRDs, and nothing waits for it to run.
 */
export function createController(
    namespace: pulumi.Output<string>, classArgs: string[], options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.Deployment {
    const probe = (path: string) => ({ httpGet: { path, port: "health" }, periodSeconds: 10 });
    return createDeployment({ name, namespace, labels: objectLabels(name) }, {
        replicas: 1,
        uid: 65534,
        pod: {
            serviceAccountName: createAccount(namespace, options),
            automountServiceAccountToken: true,
            enableServiceLinks: false,
            priorityClassName: "system-cluster-critical",
            containers: [{
                name: "controller",
                image: images.metallbController,
                imagePullPolicy: "IfNotPresent",
                args: [...commonArgs, "--webhook-mode=disabled", ...classArgs],
                env: [podNameVariable],
                ports: [{ name: "health", containerPort: healthPort }],
                readinessProbe: { ...probe("/readyz"), periodSeconds: 5 },
                livenessProbe: { ...probe("/healthz"), initialDelaySeconds: 10, ...patience },
                resources: withEphemeralStorage({
                    requests: { cpu: "20m", memory: "64Mi" }, limits: { cpu: "500m", memory: "256Mi" },
                }),
                securityContext: containerSecurityContext,
            }],
        },
    }, options);
}

function createAccount(
    namespace: pulumi.Output<string>, options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    const read = ["get", "list", "watch"];
    return createServiceAccount(name, {
        namespace,
        clusterRules: [
            { apiGroups: [""], resources: ["namespaces", "services"], verbs: read },
            { apiGroups: [""], resources: ["services/status"], verbs: ["update"] },
            // On the Services, in their own namespaces.
            { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
            { apiGroups: [group], resources: ["configurationstates"], verbs: read },
        ],
        rules: [
            { apiGroups: [""], resources: ["pods"], verbs: ["get"] },
            { apiGroups: [group], resources: ["communities", "ipaddresspools"], verbs: read },
            { apiGroups: [group], resources: ["ipaddresspools/status"], verbs: ["update"] },
            {
                apiGroups: [group],
                resources: ["configurationstates", "configurationstates/status"],
                verbs: ["create", "patch", "update"],
            },
        ],
    }, options);
}
