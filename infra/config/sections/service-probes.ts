import * as z from "zod";
import { startSeconds } from "../../../components/workload/defaults";
import { listOf, matching, whole } from "../schema/fields";

function probe(what: string, periodSeconds: number, failureThreshold: number, example: object) {
    return z.strictObject({
        path: matching("a path beginning with /", /^\/\S*$/).optional().meta({
            description: "Path that must answer a GET with success or a redirection.", example: "/healthz", defaultText: "none",
        }),
        command: listOf("arguments", z.string().meta({ allowed: "text" }), 1).optional().meta({
            description: "Instead of a path: a command in the container that must succeed.", example: ["pg_isready"], defaultText: "none: the port must accept a connection",
        }),
        periodSeconds: whole(1, 3600).default(periodSeconds).meta({ description: "Seconds between two checks.", example: periodSeconds }),
        timeoutSeconds: whole(1, 3600).default(1).meta({ description: "Seconds after which a check has failed.", example: 5 }),
        failureThreshold: whole(1, 10_000).default(failureThreshold).meta({ description: "Failures in a row that count.", example: failureThreshold }),
    }).optional().meta({ description: what, example, defaultText: "the port accepts a connection" });
}

/** `landfall:app.services.<name>.probes`. */
export function probes() {
    return z.strictObject({
        startup: probe("Whether the container has started. The other probes wait for it. If it fails, the container is restarted.", 1, startSeconds, { path: "/healthz" }),
        readiness: probe("Whether a pod can serve requests. It gets none while this fails.", 5, 3, { path: "/readyz" }),
        liveness: probe("Whether the container is alive. If it fails, the container is restarted.", 10, 6, { path: "/healthz" }),
    }).prefault({}).meta({
        description: "How Kubernetes checks a pod. Without a port, only probes with a command.", example: { readiness: { path: "/readyz" } },
    });
}
