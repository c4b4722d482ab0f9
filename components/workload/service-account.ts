import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

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
