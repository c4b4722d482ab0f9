import * as kubernetes from "@pulumi/kubernetes";

type Toleration = kubernetes.types.input.core.v1.Toleration;

/**
 * Of pods that have replicas or lose nothing: when their node is lost, others take their place after a minute, where
 * Kubernetes alone waits for five. A kubelet that restarts is back by then.
 */
export const lostNodeTolerations: Toleration[] = ["not-ready", "unreachable"].map(condition => ({
    key: `node.kubernetes.io/${condition}`, operator: "Exists", effect: "NoExecute", tolerationSeconds: 60,
}));
