import * as pulumi from "@pulumi/pulumi";
import { Capabilities, CloudController } from "../cluster/cluster";
import { identities } from "../cluster/cloud/identities";
import { images } from "../versions";
import { createCloudController } from "./cloud-controller";

const identity = identities.clusterAutoscaler;
const read = ["get", "list", "watch"];

/**
 * Installs the autoscaler of the nodes: pods that find no room get a node, and a node that others can do without goes.
 * Permissions after the project's own example (kubernetes/autoscaler, cluster-autoscaler-autodiscover.yaml).
 */
export function createClusterAutoscaler(
    controller: CloudController, capabilities: Capabilities, options: pulumi.CustomResourceOptions,
): void {
    createCloudController({
        identity,
        image: images.clusterAutoscaler,
        command: ["./cluster-autoscaler"],
        args: [
            `--namespace=${identity.namespace}`,
            // The cheapest way to make room, over zones alike; whole nodes of system pods may go as well.
            "--expander=least-waste",
            "--balance-similar-node-groups",
            "--skip-nodes-with-system-pods=false",
            // As patient as the pods' autoscaler: what ten quiet minutes don't need is not paid for.
            "--scale-down-unneeded-time=10m",
            "--v=2",
        ],
        health: { path: "/health-check", port: 8085 },
        controller,
        capabilities,
        clusterRules: [
            { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
            { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
            { apiGroups: [""], resources: ["pods/status"], verbs: ["update"] },
            { apiGroups: [""], resources: ["nodes"], verbs: [...read, "update"] },
            {
                apiGroups: [""],
                resources: [
                    "namespaces", "pods", "services", "replicationcontrollers", "persistentvolumeclaims",
                    "persistentvolumes",
                ],
                verbs: read,
            },
            { apiGroups: ["apps"], resources: ["daemonsets", "replicasets", "statefulsets"], verbs: read },
            { apiGroups: ["batch"], resources: ["jobs"], verbs: read },
            { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: read },
            {
                apiGroups: ["storage.k8s.io"],
                resources: ["csidrivers", "csinodes", "csistoragecapacities", "storageclasses", "volumeattachments"],
                verbs: read,
            },
            {
                apiGroups: ["resource.k8s.io"],
                resources: ["deviceclasses", "resourceclaims", "resourceslices"],
                verbs: read,
            },
        ],
        rules: [
            { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: [...read, "create", "update"] },
            { apiGroups: [""], resources: ["configmaps"], verbs: [...read, "create", "update", "delete"] },
        ],
    }, options);
}
