import { surgePercent } from "../../../components/workload/limits";
import type { WordPressSettings } from "../../config";
import { connectionsOf, type Limits, limitsOf } from "../../limits";
import type { Registered } from "../capture";
import { databaseRows, gatewayRows, type Row, row } from "./rows";

/** All limits of WordPress with these settings and resources. */
export function wordPressRows(app: WordPressSettings, resources: Registered[]): Row[] {
    const limits = limitsOf(app);
    const { web, time, database } = limits;
    const reasons = {
        pods: `one for every two of ${web.pods} web pods at the most`,
        reception: "the largest upload on the slowest connection, and half a minute",
        idle: "a little more than Apache waits for PHP; a transfer that moves isn't idle",
        response: "the answer, and the largest download on the slowest connection",
        requests: "every thread of every web pod",
    };
    const users = `all web pods and scheduled tasks open ${connectionsOf(limits)}`;
    return [
        ...gatewayRows(time, reasons, resources), ...podRows(app, limits), ...apacheRows(limits), ...phpRows(limits), ...taskRows(limits),
        ...databaseRows(database, time, { users, packet: "an editor's body with every byte escaped" }),
    ];
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
