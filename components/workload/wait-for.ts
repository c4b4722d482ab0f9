import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { images } from "../versions";
import type { Listener } from "./network";
import { containerSecurityContext } from "./security";

type Container = kubernetes.types.input.core.v1.Container;

/** Seconds for which a pod waits at most. */
const patience = 30;

/** A Service without the container's own port number has port 80. */
const script = `end=$(($(date +%s) + $1))
shift
for at; do
    until [ $(date +%s) -ge $end ] || nc -w 1 "\${at%:*}" "\${at#*:}" < /dev/null || nc -w 1 "\${at%:*}" 80 < /dev/null; do
        sleep 0.2
    done
done > /dev/null 2>&1`;

/**
 * A container that waits until these accept the pod's connections. One may still be waking, and some networks refuse a new pod's
 * connections until its policies are in place. Each try is a new pod, so a program that gives up at once would fail every time.
 *
 * @param name of the pod's own container
 * @param resources of that, so that the pod needs no more than without this one
 * @param deadlineSeconds the pod's, of which half is left for the work
 */
export function waitFor(name: string, listeners: Listener[], resources: Container["resources"], deadlineSeconds: number): Container {
    const places = listeners.map(({ name, namespace, port }) => pulumi.interpolate`${name}.${namespace}:${port}`);
    return {
        name: name === "wait" ? "waiting" : "wait",
        image: images.busybox,
        command: ["sh", "-c", script, "sh", String(Math.min(patience, Math.floor(deadlineSeconds / 2))), ...places],
        securityContext: containerSecurityContext,
        resources,
    };
}
