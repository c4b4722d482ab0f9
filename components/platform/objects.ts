// Objects that several parts of the platform create.
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Capabilities } from "../cluster/cluster";
import { allowDns, denyAll, networkPolicy } from "../workload/network";
import { KubernetesObject } from "./manifests";

/** Creates a namespace of the platform, with these options of its own. All traffic is denied unless a policy allows it. */
export function createNamespace(
    name: string, labels: Record<string, string>, capabilities: Capabilities, options: pulumi.CustomResourceOptions,
    own: pulumi.CustomResourceOptions = {},
): pulumi.Output<string> {
    const namespace = new kubernetes.core.v1.Namespace(name, { metadata: { name, labels } }, { ...options, ...own }).metadata.name;
    networkPolicy(`${name}-deny-all`, namespace, denyAll, options, "deny-all");
    networkPolicy(`${name}-allow-dns`, namespace, allowDns(capabilities), options, "allow-dns");
    return namespace;
}

/** Egress to the API server. Its address differs between clusters, and it isn't a pod that a policy could select. */
export function toApiServer({ apiServerPorts }: Capabilities): { ports: { port: number; protocol: string }[] } {
    return { ports: [443, ...apiServerPorts].map(port => ({ port, protocol: "TCP" })) };
}

type PolicyRule = kubernetes.types.input.rbac.v1.PolicyRule;

export interface ServiceAccountArgs {
    namespace: pulumi.Input<string>;
    /** Annotations from which the cloud gives the account an identity. */
    annotations?: Record<string, pulumi.Input<string>>;
    /** What it may do in the whole cluster. */
    clusterRules?: PolicyRule[];
    /** What it may do in its own namespace. */
    rules?: PolicyRule[];
}

/** Creates a ServiceAccount with exactly the roles that it needs. Returns its name, known once the roles are bound. */
export function createServiceAccount(
    name: string, args: ServiceAccountArgs, options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    const { rbac } = kubernetes;
    const metadata = { name, namespace: args.namespace };
    const account = new kubernetes.core.v1.ServiceAccount(name, {
        metadata: { ...metadata, annotations: args.annotations }, automountServiceAccountToken: false,
    }, options);
    const subjects = [{ kind: "ServiceAccount", ...metadata }];
    const bindings: pulumi.CustomResource[] = [];
    if (args.clusterRules) {
        const role = new rbac.v1.ClusterRole(name, {
            metadata: { name: `landfall:${name}` }, rules: args.clusterRules,
        }, options);
        bindings.push(new rbac.v1.ClusterRoleBinding(name, {
            metadata: { name: `landfall:${name}` },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
            subjects,
        }, options));
    }
    if (args.rules) {
        const role = new rbac.v1.Role(name, { metadata, rules: args.rules }, options);
        bindings.push(new rbac.v1.RoleBinding(name, {
            metadata,
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
            subjects,
        }, options));
    }
    const bound = pulumi.all(bindings.map(binding => binding.id));
    return pulumi.all([account.metadata.name, bound]).apply(([accountName]) => accountName);
}

/**
 * Creates the CRDs among the objects. If the cluster outlives the stack, so do the CRDs: deleting a CRD deletes every
 * object of its kind, whoever created it.
 */
export function createCrds(objects: KubernetesObject[], options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    return objects.filter(object => object.kind === "CustomResourceDefinition").map(object =>
        new kubernetes.apiextensions.v1.CustomResourceDefinition(
            object.metadata.name,
            withoutStatus(object) as unknown as kubernetes.apiextensions.v1.CustomResourceDefinitionArgs,
            options.deletedWith ? options : { ...options, retainOnDelete: true },
        ));
}

/** Generators leave an empty `status`, which belongs to the server and would always differ. */
function withoutStatus({ status: _, ...object }: KubernetesObject): object {
    return object;
}
