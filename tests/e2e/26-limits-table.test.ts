import type * as k8s from "@kubernetes/client-node";
import { beforeAll, describe, expect, it } from "vitest";
import type { Row } from "../../infra/cli/limits/rows";
import { mebibytes } from "../../components/quantity";
import { Cluster } from "./support/kubernetes";
import { names } from "./support/names";
import { npm } from "./support/npm";
import { ensureUp } from "./support/stack";
import { until } from "./support/wait";

/** What the running programs say of their own settings, against what `npm run limits` prints. */
describe("each printed limit is what the running program has", () => {
    let cluster: Cluster;
    let rows: Row[];
    let web: k8s.V1Pod;
    let database: k8s.V1Pod;
    let envoy: k8s.V1Pod;

    beforeAll(async () => {
        await ensureUp();
        cluster = await Cluster.connect();
        await cluster.settled();
        web = await cluster.readyPod("web");
        database = await cluster.databasePod();
        envoy = await cluster.readyPod("envoy", "landfall-gateway");
        const { code, stdout } = await npm(["run", "--silent", "limits", "--", names.stack, "--json"]);
        expect(code).toBe(0);
        rows = JSON.parse(stdout) as Row[];
    });

    const printed = (layer: Row["layer"], setting: string): string =>
        String(rows.find(row => row.layer === layer && row.setting === setting)?.value);
    const inside = async (pod: k8s.V1Pod, ...command: string[]): Promise<string> => {
        const { code, stdout, stderr } = await cluster.exec(pod, ...command);
        expect(code, stderr).toBe(0);
        return stdout || stderr;
    };

    it("of the gateway: Envoy's configuration as it runs", async () => {
        const dump: unknown = JSON.parse(await cluster.get(envoy, 9001, "/config_dump"));
        const values = (key: string) => [...new Set(valuesOf(dump, key).map(String))];
        expect(values("request_timeout")).toEqual([printed("gateway", "request_timeout")]);
        expect(values("stream_idle_timeout")).toEqual([printed("gateway", "stream_idle_timeout")]);
        expect(values("timeout")).toContain(printed("gateway", "route timeout"));
        expect(values("max_requests")).toContain(printed("gateway", "max_requests"));
        expect(limitOfClients(dump)).toEqual([printed("gateway", "max_connections of a client")]);
        const runtime = await cluster.get(envoy, 9001, "/runtime");
        expect(runtime).toMatch(new RegExp(`connection_limit": [^}]*"final_value": "${printed("gateway", "max_connections")}"`));
        expect(`${envoy.spec?.terminationGracePeriodSeconds}s`).toBe(printed("gateway", "drain"));
        const { spec } = await cluster.autoscaling.readNamespacedHorizontalPodAutoscaler({ name: "envoy", namespace: "landfall-gateway" });
        expect(`${spec?.minReplicas} to ${spec?.maxReplicas}`).toBe(printed("gateway", "proxies"));
    });

    it("of the pod: its control group and its volumes", async () => {
        const limit = await inside(web, "sh", "-c", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max");
        expect(Number(limit)).toBe(mebibytes(printed("pod", "memory")) * 2 ** 20);
        const scratch = (pod: k8s.V1Pod) => pod.spec?.volumes?.find(({ name }) => name === "tmp")?.emptyDir?.sizeLimit;
        expect([scratch(web), scratch(database)]).toEqual([printed("pod", "/tmp"), printed("database", "/tmp")]);
        expect(web.spec?.terminationGracePeriodSeconds).toBeGreaterThan(parseInt(printed("pod", "drain"), 10));
        for (const pod of [web, database]) {
            const { requests, limits } = pod.spec?.containers[0].resources ?? {};
            expect(mebibytes(limits?.["ephemeral-storage"] ?? "0")).toBeGreaterThan(mebibytes(scratch(pod) ?? "0"));
            expect(mebibytes(requests?.["ephemeral-storage"] ?? "0")).toBeGreaterThan(mebibytes(scratch(pod) ?? "0"));
        }
    });

    it("of Apache: its threads, and what its process was told", async () => {
        const count = "for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" != apache2 ] || ls $p/task | wc -l; done 2>/dev/null | sort -n | tail -1";
        // It starts them one by one. One more listens, and one is the process itself.
        const threads = await until("Apache's threads", async () => {
            const now = await inside(web, "sh", "-c", count);
            return Number(now) >= Number(printed("Apache", "MaxRequestWorkers")) && now;
        }, 60);
        expect(Number(threads)).toBeLessThanOrEqual(Number(printed("Apache", "MaxRequestWorkers")) + 3);
        const environment = Object.fromEntries((await inside(web, "sh", "-c", "tr '\\0' '\\n' </proc/$(pgrep -o apache2 || echo 1)/environ"))
            .split("\n").map(line => line.split("=", 2)));
        const told: Record<string, string> = {
            "visitors' queue": "WEB_PAGES_QUEUE", "visitors' bodies": "WEB_BODIES_QUEUE", "editors' queue": "WEB_EDITORS_QUEUE",
            "uploads' queue": "WEB_UPLOADS_QUEUE", "LimitRequestBody, visitors": "WEB_BODY_ANONYMOUS",
            "LimitRequestBody, editors": "WEB_BODY_EDITOR", "LimitRequestBody, uploads": "WEB_BODY_UPLOAD",
            "RequestReadTimeout MinRate": "WEB_SLOWEST_RATE", "ProxyTimeout": "WEB_ANSWER_SECONDS",
            "GracefulShutdownTimeout": "WEB_DRAIN_SECONDS",
        };
        for (const [setting, variable] of Object.entries(told)) expect(environment[variable], setting).toBe(printed("Apache", setting));
    });

    it("of PHP: its pools as PHP-FPM reads them", async () => {
        // It prints what it reads as notices, which the site's own log leaves out.
        const pools = await inside(web, "sh", "-c", "sed 's/^log_level.*/log_level = notice/' /etc/php/8.4/fpm/php-fpm.conf >/tmp/dump.conf"
            + " && php-fpm8.4 -tt -y /tmp/dump.conf 2>&1; rm /tmp/dump.conf");
        const value = (pool: string, key: string) => {
            const section = pools.slice(pools.indexOf(`[${pool}]`));
            return new RegExp(`${key.replace(/[[\]]/g, "\\$&")} = (\\S+)`).exec(section)?.[1];
        };
        for (const pool of ["pages", "editors", "uploads"]) {
            expect(value(pool, "pm.max_children"), pool).toBe(printed("PHP", `${pool}: pm.max_children`));
            expect(value(pool, "php_admin_value[memory_limit]"), pool).toBe(printed("PHP", `${pool}: memory_limit`));
            expect(value(pool, "request_terminate_timeout"), pool).toBe(printed("PHP", "request_terminate_timeout"));
        }
        const settings = await inside(web, "sh", "-c", "php-fpm8.4 -i 2>/dev/null");
        expect(settings).toContain(`Read timeout => ${printed("PHP", "mysqlnd.net_read_timeout")}\n`);
        expect(settings).toContain(`opcache.memory_consumption => ${printed("PHP", "opcache.memory_consumption")} `);
    });

    it("of the database: MariaDB's variables and the application's account", async () => {
        const sql = async (query: string) => (await inside(database, "mariadb", "--batch", "--skip-column-names", "--execute", query)).trim();
        const variables = Object.fromEntries((await sql("SHOW GLOBAL VARIABLES")).split("\n").map(line => line.split("\t")));
        for (const name of ["max_connections", "innodb_buffer_pool_size", "max_session_mem_used", "lock_wait_timeout",
            "max_allowed_packet", "max_tmp_session_space_usage", "max_tmp_total_space_usage"]) {
            expect(variables[name], name).toBe(printed("database", name));
        }
        const account = await sql("SHOW CREATE USER wordpress");
        expect(account).toContain(`MAX_USER_CONNECTIONS ${printed("database", "max_user_connections")}`);
        expect(account).toMatch(new RegExp(`MAX_STATEMENT_TIME ${printed("database", "max_statement_time")}(\\.0+)?`));
    });
});

/** The connections that one client address may have, in each chain of the listeners for clients. */
function limitOfClients(dump: unknown): string[] {
    const found = /ConnectionLimit","stat_prefix":"clients","max_connections":"(\d+)"/g;
    return [...new Set([...JSON.stringify(dump).matchAll(found)].map(([, value]) => value))];
}

/** All values that stand under a key, anywhere in the document. */
function valuesOf(document: unknown, key: string): unknown[] {
    if (Array.isArray(document)) return document.flatMap(entry => valuesOf(entry, key));
    if (typeof document !== "object" || document === null) return [];
    return Object.entries(document).flatMap(([name, value]) => [
        ...(name === key && typeof value !== "object" ? [value] : []), ...valuesOf(value, key),
    ]);
}
