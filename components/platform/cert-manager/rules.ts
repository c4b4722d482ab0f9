import * as kubernetes from "@pulumi/kubernetes";
import { Issuance } from "./issuance";
import { namespaceName } from "./names";

type PolicyRule = kubernetes.types.input.rbac.v1.PolicyRule;

const read = ["get", "list", "watch"];
const change = ["update", "patch"];

/** For the leader election's lease: every replica may create it, and the leader holds it. */
export function leaseRules(name: string): PolicyRule[] {
    return [
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: [name], verbs: ["get", ...change] },
    ];
}

/** The controller's permissions, all in its own namespace. Facts: cert-manager v1.21.2, chart's rbac.yaml. */
export function controllerRules(issuer: Issuance["issuer"]): PolicyRule[] {
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

/** Approval is checked as if signers were cluster-wide objects; these are the issuers of our namespace. */
export const approverRules: PolicyRule[] = [{
    apiGroups: ["cert-manager.io"],
    resources: ["signers"],
    resourceNames: ["selfsigned", "ca", "acme"].map(issuer => `issuers.cert-manager.io/${namespaceName}.${issuer}`),
    verbs: ["approve"],
}];
