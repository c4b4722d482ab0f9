import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { images } from "../../versions";
import { objectLabels } from "../../workload/labels";
import { createDeployment } from "../deployment";
import { createServiceAccount } from "../objects";
import { controllerName as name, Issuance, namespaceName } from "./names";
import { configuredPod, createConfig, leaseRules } from "./program";

type PolicyRule = kubernetes.types.input.rbac.v1.PolicyRule;

const healthPort = 9403;

/** The control loops that issue a Certificate's certificate and renew it in time. Any environment may have its own CA. */
const certificates = [
    "issuers",
    "certificates-trigger", "certificates-key-manager", "certificates-request-manager", "certificates-issuing",
    "certificates-readiness", "certificates-revision-manager", "certificaterequests-approver",
    "certificaterequests-issuer-selfsigned", "certificaterequests-issuer-ca",
];

/** The control loops of an ACME issuer. They need more permissions, so they only run if the platform's own issuer is one. */
const acme = ["certificaterequests-issuer-acme", "orders", "challenges"];

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
        controllers: [...certificates, ...(issuer === "acme" ? acme : [])],
        ...(issuer === "acme" ? {
            gatewayAPI: { enabled: true },
            acmeHTTP01Config: { solverImage: images.certManagerSolver },
        } : {}),
    };
}

const read = ["get", "list", "watch"];
const change = ["update", "patch"];

/** The controller's permissions, all in its own namespace. Facts: cert-manager v1.21.2, chart's rbac.yaml. */
function controllerRules(issuer: Issuance["issuer"]): PolicyRule[] {
    const group = "cert-manager.io";
    return [
        ...leaseRules("cert-manager-controller"),
        { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
        { apiGroups: [""], resources: ["secrets"], verbs: [...read, "create", "delete", ...change] },
        { apiGroups: [group], resources: ["certificates", "issuers"], verbs: [...read, ...change] },
        { apiGroups: [group], resources: ["certificaterequests"], verbs: [...read, "create", "delete", ...change] },
        {
            apiGroups: [group],
            resources: ["certificates/status", "certificaterequests/status", "issuers/status"],
            verbs: change,
        },
        // Needed if the admission plugin OwnerReferencesPermissionEnforcement is on.
        {
            apiGroups: [group],
            resources: ["certificates/finalizers", "certificaterequests/finalizers"],
            verbs: ["update"],
        },
        ...(issuer === "acme" ? acmeRules() : []),
    ];
}

/** Additional permissions for ACME orders: their own objects, and a pod that answers the challenge. */
function acmeRules(): PolicyRule[] {
    const group = "acme.cert-manager.io";
    return [
        { apiGroups: [group], resources: ["orders", "challenges"], verbs: [...read, "create", "delete", ...change] },
        { apiGroups: [group], resources: ["orders/status", "challenges/status"], verbs: change },
        { apiGroups: [group], resources: ["orders/finalizers", "challenges/finalizers"], verbs: ["update"] },
        { apiGroups: [""], resources: ["pods", "services"], verbs: [...read, "create", "delete"] },
        {
            apiGroups: ["gateway.networking.k8s.io"],
            resources: ["httproutes"],
            verbs: [...read, "create", "delete", "update"],
        },
        // Watched with every kind of challenge solver.
        { apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: read },
    ];
}

/**
 * Approval is checked as if signers were cluster-wide objects. Environments bring issuers of their own, and a pattern can't
 * name a namespace, but the controller sees requests in its own namespace only.
 */
const approverRules: PolicyRule[] = [{
    apiGroups: ["cert-manager.io"], resources: ["signers"], resourceNames: ["issuers.cert-manager.io/*"], verbs: ["approve"],
}];
