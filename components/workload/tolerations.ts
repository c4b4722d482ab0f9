import * as kubernetes from "@pulumi/kubernetes";
import type { Capabilities } from "../cluster/cluster";

type Toleration = kubernetes.types.input.core.v1.Toleration;

/**
 * Of pods that have replicas or lose nothing: when their node is lost, others take their place after a minute, where
 * Kubernetes alone waits for five. A kubelet that restarts is back by then.
 */
export const lostNodeTolerations: Toleration[] = ["not-ready", "unreachable"].map(condition => ({
    key: `node.kubernetes.io/${condition}`, operator: "Exists", effect: "NoExecute", tolerationSeconds: 60,
}));

/** Of pods that may also run where one of them is taken away at times: others go on, or the next one does. */
export function expendableTolerations({ interruptible }: Pick<Capabilities, "interruptible">): Toleration[] {
    return [...lostNodeTolerations, ...(interruptible ? [{ operator: "Equal", ...interruptible }] : [])];
}
