import { parseArgs } from "node:util";
import { leastIdleSeconds } from "../../components/platform/gateway/limits";
import { controllerName } from "../../components/platform/gateway/names";
import { reservedConnections, surgePercent } from "../../components/workload/limits";
import type { WordPressSettings } from "../config";
import { connectionsOf, Limits, limitsOf } from "../limits";
import { captureProgram, type Registered } from "./capture";
import { readSettings, readStackConfig, stackConfigFile } from "./stack/config";
import { wordPressOf } from "./stack/wordpress";
import { UserError } from "./terminal/errors";

const usage = `Usage: npm run limits -- <stack> [--json]

Prints every limit between a visitor and the disk, with its value and the reason for it: all are derived from the few
settings of app.web and app.database.

  <stack>  a stack of this directory: the one of Pulumi.<stack>.yaml
  --json   the same as JSON; for another program: npm run -s limits -- <stack> --json
  --help   this text
`;

/** One limit, under the name that the enforcing program gives it. */
export interface Row {
    /** Its place on the way from the gateway to the disk. */
    layer: "gateway" | "pod" | "Apache" | "PHP" | "tasks" | "database";
    setting: string;
    /** In the unit that the program's own setting has. */
    value: number | string;
    why: string;
}

/** The command `limits`; returns the exit code. */
export async function main(argv: string[]): Promise<number> {
    const { values, positionals } = parseArguments(argv);
    if (values.help) {
        process.stdout.write(usage);
        return 0;
    }
    if (positionals.length !== 1) throw new UserError(`Name one stack.\n\n${usage}`);
    // The SDK logs to standard output, where only the table may go.
    console.log = console.error;
    process.env.LANDFALL_RENDER = "1";
    const [stack] = positionals;
    const file = stackConfigFile(stack);
    const app = wordPressOf(readSettings(stack, file), stack, "limits");
    const { resources } = await captureProgram({ stack, ...readStackConfig(file, { standIns: true }) });
    const rows = limitRows(app, resources);
    process.stdout.write(values.json ? `${JSON.stringify(rows, undefined, 2)}\n` : table(rows));
    return 0;
}

/** All limits of an application with these settings and resources. */
export function limitRows(app: WordPressSettings, resources: Registered[]): Row[] {
    const limits = limitsOf(app);
    return [
        ...gatewayRows(limits, resources), ...podRows(app, limits), ...apacheRows(limits), ...phpRows(limits),
        ...taskRows(limits), ...databaseRows(limits),
    ];
}

/** Limits of the gateway that also depend on the target are read from the resources. */
function gatewayRows({ web, time }: Limits, resources: Registered[]): Row[] {
    const inputsOf = <T>(kind: string, name: string): T =>
        resources.find(({ type, name: found }) => type.endsWith(`:${kind}`) && found === name)?.inputs as T;
    const { data } = inputsOf<{ data: Record<string, string> }>("ConfigMap", controllerName);
    const { cluster, listener, timeouts } = JSON.parse(data["contour.yaml"]) as ContourConfiguration;
    const [, ofClient] = /\bmax_connections: (\d+)/.exec(inputsOf<{ data: Record<string, string> }>("ConfigMap", "envoy").data["envoy.yaml"]) ?? [];
    const { spec: { template } } = inputsOf<{ spec: { template: { spec: { terminationGracePeriodSeconds: number } } } }>("Deployment", "envoy");
    const { spec: { minReplicas, maxReplicas } } = inputsOf<{ spec: { minReplicas: number; maxReplicas: number } }>(
        "HorizontalPodAutoscaler", "envoy");
    return [
        row("gateway", "proxies", `${minReplicas} to ${maxReplicas}`, `one for every two of ${web.pods} web pods at the most`),
        row("gateway", "max_connections", listener["max-connections-per-listener"], "what a proxy's memory holds; more are closed at once"),
        row("gateway", "max_connections of a client", Number(ofClient),
            "an eighth of them, or landfall:gateway.clientConnections; all where the gateway can't see addresses"),
        row("gateway", "connection idle timeout", `${timeouts["connection-idle-timeout"]}, ${leastIdleSeconds}s where it is full`,
            "what a client only keeps open is closed the sooner the more of its memory a proxy uses"),
        row("gateway", "request_timeout", `${time.reception}s`, "the largest upload on the slowest connection, and half a minute"),
        row("gateway", "stream_idle_timeout", `${time.idle}s`, "a little more than Apache waits for PHP; a transfer that moves isn't idle"),
        row("gateway", "route timeout", `${time.response}s`, "the answer, and the largest download on the slowest connection"),
        row("gateway", "max_requests", cluster["circuit-breakers"]["max-requests"], "every thread of every web pod"),
        row("gateway", "drain", `${template.spec.terminationGracePeriodSeconds}s`,
            "until the load balancer has noticed, and then the longest request"),
    ];
}

interface ContourConfiguration {
    cluster: { "circuit-breakers": { "max-requests": number } };
    listener: { "max-connections-per-listener": number };
    timeouts: { "connection-idle-timeout": string };
}

function podRows({ web }: WordPressSettings, { web: { pods, scratch }, time }: Limits): Row[] {
    return [
        row("pod", "replicas at most", pods, `app.web.replicas.max ${web.replicas.max} and ${surgePercent} % for a rolling update`),
        row("pod", "memory", web.memory.limit, "app.web.memory.limit: all processes of PHP at their limits, and one picture"),
        row("pod", "/tmp", `${scratch}Mi`, "every body that may be there, at its largest, and PHP's copies"),
        row("pod", "drain", `${time.drain}s`, "the longest request that may be in progress when it must stop"),
    ];
}

function apacheRows({ web, time, slowestRate }: Limits): Row[] {
    const { visitor, editor, upload } = web.bodies;
    return [
        row("Apache", "MaxRequestWorkers", web.threads, "all queues at their longest, and some for files and probes"),
        row("Apache", "visitors' queue", web.pages.queue, "as many as a pod answers in the half a minute that one may wait"),
        row("Apache", "QS_ClientEventRequestLimit", web.clientRequests, "a quarter of that queue; off where the gateway can't see addresses"),
        row("Apache", "visitors' bodies", web.visitorBodies, "those that arrive, however slowly, take no process of PHP"),
        row("Apache", "editors' queue", web.editors.queue, "a forged login fills this one, not the visitors'"),
        row("Apache", "uploads' queue", web.uploads.queue, "each may be as large as a file, under /tmp"),
        row("Apache", "LimitRequestBody, visitors", visitor, "a comment or a form"),
        row("Apache", "LimitRequestBody, editors", editor, "a long post"),
        row("Apache", "LimitRequestBody, uploads", upload, "app.web.uploads.maxFile and the form around it"),
        row("Apache", "RequestReadTimeout MinRate", slowestRate, "bytes a second; a body that comes faster is never timed out"),
        row("Apache", "ProxyTimeout", time.answer, "PHP's time, and half a minute's wait for a process"),
        row("Apache", "GracefulShutdownTimeout", time.drain, "the pod's drain"),
    ];
}

function phpRows({ web, time }: Limits): Row[] {
    const pools = ([["pages", "visitors"], ["editors", "whoever is logged in"], ["uploads", "files, and the work on pictures"]] as const)
        .flatMap(([pool, whom]) => [
            row("PHP", `${pool}: pm.max_children`, web[pool].count, `processes for ${whom}: what the pod's memory holds`),
            row("PHP", `${pool}: memory_limit`, `${web[pool].memory}M`, "measured with WordPress"),
        ]);
    return [
        ...pools,
        row("PHP", "opcache.memory_consumption", web.opcache, "WordPress's code, once for all processes; MiB"),
        row("PHP", "pixels of a picture", web.imagePixels, "two fifths of the memory that isn't fixed, at what GD takes for each"),
        row("PHP", "request_terminate_timeout", `${time.request}s`, "app.web.requestSeconds"),
        row("PHP", "mysqlnd.net_read_timeout", time.databaseAnswer, "less than PHP's own time, so that the page can say why"),
    ];
}

function taskRows({ tasks }: Limits): Row[] {
    return [
        row("tasks", "pods at most", tasks.pods, "a run begins when the last one has ended"),
        row("tasks", "memory", tasks.memory.limit, "PHP at its limit; no pictures"),
        row("tasks", "memory_limit", `${tasks.phpMemory}M`, "what the tasks of larger plugins ask for"),
        row("tasks", "activeDeadlineSeconds", tasks.seconds, "longer, and what is scheduled meanwhile waits too long"),
    ];
}

function databaseRows(limits: Limits): Row[] {
    const { database, time } = limits;
    return [
        row("database", "max_user_connections", database.connections, `what its memory holds; all web pods and scheduled tasks open ${connectionsOf(limits)}`),
        row("database", "max_connections", database.connections + reservedConnections, "some more for probes, backups and the administrator"),
        row("database", "innodb_buffer_pool_size", database.bufferPool * 2 ** 20, "three eighths of its memory"),
        row("database", "max_session_mem_used", database.sessionMemory * 2 ** 20, "an eighth of its memory; a query that wants more fails"),
        row("database", "max_statement_time", time.statement, "less than PHP waits for it"),
        row("database", "lock_wait_timeout", time.lockWait, "less than a statement may take"),
        row("database", "max_allowed_packet", database.packet, "an editor's body with every byte escaped"),
        row("database", "max_tmp_session_space_usage", database.sessionTemporary * 2 ** 20, "half of all; a query that wants more fails alone"),
        row("database", "max_tmp_total_space_usage", database.temporary * 2 ** 20, "twice its memory"),
        row("database", "/tmp", `${database.temporaryVolume}Mi`, "all temporary files, and room for small ones"),
    ];
}

function row(layer: Row["layer"], setting: string, value: Row["value"], why: string): Row {
    return { layer, setting, value, why };
}

function table(rows: Row[]): string {
    const lines = [["layer", "limit", "value", "why"], ...rows.map(({ layer, setting, value, why }) => [layer, setting, String(value), why])];
    const widths = [0, 1, 2].map(column => Math.max(...lines.map(line => line[column].length)));
    return lines.map(([layer, setting, value, why]) =>
        `${layer.padEnd(widths[0])}  ${setting.padEnd(widths[1])}  ${value.padStart(widths[2])}  ${why}\n`).join("");
}

function parseArguments(argv: string[]) {
    try {
        return parseArgs({
            args: argv, allowPositionals: true,
            options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
        });
    } catch (error) {
        throw new UserError(`${(error as Error).message}\n\n${usage}`);
    }
}
