import * as pulumi from "@pulumi/pulumi";
import { mostGraceSeconds } from "../cluster/cloud/args";
import { Capabilities, CloudController, controllerAccounts } from "../cluster/cluster";
import { images } from "../versions";
import { createCloudController } from "./cloud-controller";

const identity = controllerAccounts.clusterAutoscaler;
const read = ["get", "list", "watch"];

/**
 * Installs the cluster autoscaler, which adds nodes for pending pods and removes nodes that aren't needed.
 * Permissions follow the project's own example (kubernetes/autoscaler, cluster-autoscaler-autodiscover.yaml).
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
            // Scale up with the least waste, evenly over zones. Nodes that only run system pods may be removed too.
            "--expander=least-waste",
            "--balance-similar-node-groups",
            "--skip-nodes-with-system-pods=false",
            // By default, a pod with an emptyDir keeps its node forever, and most of ours have one.
            "--skip-nodes-with-local-storage=false",
            // As slow as the pods' autoscaler: a node that isn't needed for ten minutes is removed.
            "--scale-down-unneeded-time=10m",
            `--max-graceful-termination-sec=${mostGraceSeconds}`,
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
