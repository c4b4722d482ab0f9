import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { withEphemeralStorage } from "../../scratch";
import { Metadata } from "../../workload/labels";
import { containerSecurityContext } from "../../workload/security";

const directory = "/etc/cert-manager";
const file = "config.yaml";

/** A container without its ephemeral storage, which is added here. */
type Container = kubernetes.types.input.core.v1.Container
    & { resources: Record<"requests" | "limits", Record<string, string>> };

/**
 * Creates the ConfigMap with one program's configuration and returns its name. The name contains a digest of the content, so
 * a change replaces the pods.
 */
export function createConfig(
    metadata: Metadata, content: object, options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    const text = JSON.stringify(content);
    const digest = createHash("sha256").update(text).digest("hex").slice(0, 8);
    return new kubernetes.core.v1.ConfigMap(metadata.name, {
        metadata: { ...metadata, name: `${metadata.name}-${digest}` },
        data: { [file]: text },
    }, { ...options, deleteBeforeReplace: false }).metadata.name;
}

/** The pod of one of cert-manager's programs, which reads its configuration from that ConfigMap. */
export function configuredPod(
    account: pulumi.Output<string>, config: pulumi.Output<string>, container: Container,
): kubernetes.types.input.core.v1.PodSpec {
    return {
        serviceAccountName: account,
        automountServiceAccountToken: true,
        enableServiceLinks: false,
        containers: [{
            imagePullPolicy: "IfNotPresent",
            args: [`--config=${directory}/${file}`],
            securityContext: containerSecurityContext,
            volumeMounts: [{ name: "config", mountPath: directory, readOnly: true }],
            ...container,
            resources: withEphemeralStorage(container.resources),
        }],
        volumes: [{ name: "config", configMap: { name: config } }],
    };
}

/** For the leader election's lease: every replica may create it, and the leader holds it. */
export function leaseRules(name: string): kubernetes.types.input.rbac.v1.PolicyRule[] {
    return [
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: [name], verbs: ["get", "update", "patch"] },
    ];
}
