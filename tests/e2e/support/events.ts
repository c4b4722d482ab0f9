import type * as k8s from "@kubernetes/client-node";
import { names } from "./names";

/** What Kubernetes says if something is needed before it exists. */
const missing = /not found|could not find|no matches for|does ?n[o']t exist|unbound|no endpoints available|failed calling webhook/i;
/** Kubernetes itself adds this to each namespace, and pods may come first. */
const notOurs = /kube-root-ca\.crt/;
/** On a busy computer a program takes longer to listen or to answer than its probe waits. */
const busy = /connection refused|connection reset|EOF|timed out|timeout|deadline exceeded|not started/i;

/** Whether a warning is of a wrong order: of something that was missing, or of a pod that began before what it needs. */
export function cameTooEarly({ metadata, reason = "", message = "" }: k8s.CoreV1Event): boolean {
    const failedProbe = reason === "Unhealthy" && metadata.namespace === names.environment && !busy.test(message);
    return failedProbe || (missing.test(message) && !notOurs.test(message));
}
