import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { images } from "../../versions";
import { objectLabels } from "../../workload/labels";
import { createDeployment } from "../deployment";
import { createServiceAccount } from "../rbac";
import { configuredPod, createConfig } from "./config";
import { Issuance } from "./issuance";
import { controllerName as name, namespaceName } from "./names";
import { approverRules, controllerRules } from "./rules";

const healthPort = 9403;

/** The control loops that issue a Certificate's certificate and renew it in time. */
const certificates = [
    "issuers",
    "certificates-trigger", "certificates-key-manager", "certificates-request-manager", "certificates-issuing",
    "certificates-readiness", "certificates-revision-manager", "certificaterequests-approver",
];

/** The control loops of each issuer. */
const signing: Record<Issuance["issuer"], string[]> = {
    ca: ["certificaterequests-issuer-selfsigned", "certificaterequests-issuer-ca"],
    acme: ["certificaterequests-issuer-acme", "orders", "challenges"],
};

/** Creates cert-manager's controller: two replicas, one of them the leader, confined to its own namespace. */
export function createController(
    namespace: pulumi.Output<string>, issuer: Issuance["issuer"], options: pulumi.CustomResourceOptions,
): kubernetes.apps.v1.Deployment {
    const metadata = { name, namespace, labels: objectLabels(name) };
    const account = createServiceAccount(name, {
        namespace, rules: controllerRules(issuer), clusterRules: approverRules,
    }, options);
    const config = createConfig(metadata, configuration(issuer), options);
    const probe = { httpGet: { path: "/livez", port: "health" } };
    return createDeployment(metadata, {
        replicas: 2,
        uid: 65532,
        pod: configuredPod(account, config, {
            name,
            image: images.certManagerController,
            ports: [{ name: "health", containerPort: healthPort }],
            startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 120 },
            readinessProbe: { ...probe, periodSeconds: 10 },
            livenessProbe: { ...probe, periodSeconds: 10, timeoutSeconds: 15, failureThreshold: 8 },
            resources: { requests: { cpu: "20m", memory: "64Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
        }),
    }, options);
}

function configuration(issuer: Issuance["issuer"]): object {
    return {
        apiVersion: "controller.config.cert-manager.io/v1alpha1",
        kind: "ControllerConfiguration",
        namespace: namespaceName,
        leaderElectionConfig: { namespace: namespaceName },
        controllers: [...certificates, ...signing[issuer]],
        ...(issuer === "acme" ? {
            gatewayAPI: { enabled: true },
            acmeHTTP01Config: { solverImage: images.certManagerSolver },
        } : {}),
    };
}
