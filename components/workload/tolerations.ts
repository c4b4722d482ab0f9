import * as kubernetes from "@pulumi/kubernetes";
import type { Capabilities } from "../cluster/cluster";

type Toleration = kubernetes.types.input.core.v1.Toleration;

/**
 * For pods that have replicas or lose nothing. If their node fails, they are replaced after a minute instead of Kubernetes'
 * five. A kubelet that only restarts is back by then.
 */
export const lostNodeTolerations: Toleration[] = ["not-ready", "unreachable"].map(condition => ({
    key: `node.kubernetes.io/${condition}`, operator: "Exists", effect: "NoExecute", tolerationSeconds: 60,
}));

/** For pods that may also run on interruptible nodes: if one is interrupted, others continue, or the next run does. */
export function expendableTolerations({ interruptible }: Pick<Capabilities, "interruptible">): Toleration[] {
    return [...lostNodeTolerations, ...(interruptible ? [{ operator: "Equal", ...interruptible }] : [])];
}
