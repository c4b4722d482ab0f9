import { leastIdleSeconds } from "../../../components/platform/gateway/limits";
import { controllerName } from "../../../components/platform/gateway/names";
import { type DatabaseLimits, reservedConnections, type RequestTimes } from "../../../components/workload/limits";
import type { Registered } from "../capture";

/** One limit, under the name that the enforcing program gives it. */
export interface Row {
    /** Its place on the way from the gateway to the disk; a service's is its name. */
    layer: string;
    setting: string;
    /** In the unit that the program's own setting has. */
    value: number | string;
    why: string;
}

export function row(layer: string, setting: string, value: Row["value"], why: string): Row {
    return { layer, setting, value, why };
}

/** Where the gateway's limits come from, in words. */
interface GatewayReasons {
    pods: string;
    reception: string;
    idle: string;
    response: string;
    requests: string;
}

interface ContourConfiguration {
    cluster: { "circuit-breakers": { "max-requests": number } };
    listener: { "max-connections-per-listener": number };
    timeouts: { "connection-idle-timeout": string };
}

/** The limits of the gateway. Those that also depend on the target are read from the resources; none if it is another stack's. */
export function gatewayRows({ reception, idle, response }: RequestTimes, reasons: GatewayReasons, resources: Registered[]): Row[] {
    const inputsOf = <T>(kind: string, name: string): T | undefined =>
        resources.find(({ type, name: found }) => type.endsWith(`:${kind}`) && found === name)?.inputs as T | undefined;
    const contour = inputsOf<{ data: Record<string, string> }>("ConfigMap", controllerName);
    const envoy = inputsOf<{ spec: { template: { spec: { terminationGracePeriodSeconds: number } } } }>("Deployment", "envoy");
    const scaler = inputsOf<{ spec: { minReplicas: number; maxReplicas: number } }>("HorizontalPodAutoscaler", "envoy");
    if (contour === undefined || envoy === undefined || scaler === undefined) return [];
    const { cluster, listener, timeouts } = JSON.parse(contour.data["contour.yaml"]) as ContourConfiguration;
    const bootstrap = inputsOf<{ data: Record<string, string> }>("ConfigMap", "envoy")?.data["envoy.yaml"] ?? "";
    const [, ofClient] = /\bmax_connections: (\d+)/.exec(bootstrap) ?? [];
    return [
        row("gateway", "proxies", `${scaler.spec.minReplicas} to ${scaler.spec.maxReplicas}`, reasons.pods),
        row("gateway", "max_connections", listener["max-connections-per-listener"], "what a proxy's memory holds; more are closed at once"),
        row("gateway", "max_connections of a client", Number(ofClient),
            "an eighth of them, or landfall:gateway.clientConnections; all where the gateway can't see addresses"),
        row("gateway", "connection idle timeout", `${timeouts["connection-idle-timeout"]}, ${leastIdleSeconds}s where it is full`,
            "what a client only keeps open is closed the sooner the more of its memory a proxy uses"),
        row("gateway", "request_timeout", `${reception}s`, reasons.reception),
        row("gateway", "stream_idle_timeout", `${idle}s`, reasons.idle),
        row("gateway", "route timeout", `${response}s`, reasons.response),
        row("gateway", "max_requests", cluster["circuit-breakers"]["max-requests"], reasons.requests),
        row("gateway", "drain", `${envoy.spec.template.spec.terminationGracePeriodSeconds}s`,
            "until the load balancer has noticed, and then the longest request"),
    ];
}

/** The limits of the database. @param users who opens connections, and how many, in words */
export function databaseRows(database: DatabaseLimits, time: RequestTimes, { users, packet }: { users: string; packet: string }): Row[] {
    return [
        row("database", "max_user_connections", database.connections, `what its memory holds; ${users}`),
        row("database", "max_connections", database.connections + reservedConnections, "some more for probes, backups and the administrator"),
        row("database", "innodb_buffer_pool_size", database.bufferPool * 2 ** 20, "three eighths of its memory"),
        row("database", "max_session_mem_used", database.sessionMemory * 2 ** 20, "an eighth of its memory; a query that wants more fails"),
        row("database", "max_statement_time", time.statement, "less than whoever asks waits for it"),
        row("database", "lock_wait_timeout", time.lockWait, "less than a statement may take"),
        row("database", "max_allowed_packet", database.packet, packet),
        row("database", "max_tmp_session_space_usage", database.sessionTemporary * 2 ** 20, "half of all; a query that wants more fails alone"),
        row("database", "max_tmp_total_space_usage", database.temporary * 2 ** 20, "twice its memory"),
        row("database", "/tmp", `${database.temporaryVolume}Mi`, "all temporary files, and room for small ones"),
    ];
}
