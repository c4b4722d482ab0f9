import type * as k8s from "@kubernetes/client-node";
import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { Cluster, isReady, isTask, nameOf } from "./support/kubernetes";
import { address, names } from "./support/names";
import { picture } from "./support/picture";
import { ask, Editor, Item } from "./support/site";
import { adminPassword, ensureUp, figure } from "./support/stack";
import { stoodStillSince } from "./support/stalls";
import { sleep, until } from "./support/wait";

const image = "/wp-includes/images/w-logo-blue.png";

let cluster: Cluster;
let editor: Editor;
/** Before any of what follows. */
let first: Standing;

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
    first = await settledStanding();
    editor = await Editor.logIn(adminPassword());
});

/** All pods on nodes of the environment but scheduled tasks', also those that have failed. 11-meanwhile has one that fits nowhere. */
async function everyPod(): Promise<k8s.V1Pod[]> {
    return (await cluster.core.listNamespacedPod({ namespace: names.environment })).items.filter(pod => pod.spec?.nodeName && !isTask(pod));
}

interface Standing {
    /** How often each pod's programs were restarted. */
    restarts: Record<string, number>;
    /** When the autoscaler last chose how many there are. */
    scaled?: Date;
}

async function standing(): Promise<Standing> {
    const restarts = Object.fromEntries((await everyPod()).map(pod =>
        [nameOf(pod), (pod.status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0)]));
    const { status } = await cluster.autoscaling.readNamespacedHorizontalPodAutoscaler({ name: "web", namespace: names.environment });
    return { restarts, scaled: status?.lastScaleTime };
}

/** As the pods stand while the autoscaler is at rest. */
async function settledStanding(): Promise<Standing> {
    await cluster.settled();
    await until("pods that are about to end to be gone", async () => (await everyPod()).every(pod => !pod.metadata?.deletionTimestamp));
    return standing();
}

/** The same pods as before, none evicted or restarted; others only where the autoscaler has added or removed some. */
async function expectUntouched(before: Standing): Promise<void> {
    const pods = await everyPod();
    const now = await standing();
    const isScaled = now.scaled?.getTime() !== before.scaled?.getTime();
    const stayed = Object.entries(before.restarts).filter(([name]) => !isScaled || name in now.restarts);
    const came = isScaled ? Object.keys(now.restarts).filter(name => !(name in before.restarts)).map(name => [name, 0]) : [];
    expect(now.restarts).toEqual(Object.fromEntries([...stayed, ...came]));
    expect(pods.filter(pod => pod.status?.phase === "Failed" || pod.status?.reason === "Evicted").map(nameOf)).toEqual([]);
}

/** Asks for a file and for a page every half second, and tells those that were not answered well. */
async function visitorsWhile(work: Promise<unknown>, paths = [image]): Promise<string[]> {
    const failures: string[] = [];
    let over = false;
    void work.finally(() => { over = true; }).catch(() => undefined);
    while (!over) {
        await Promise.all(paths.map(async path => {
            const begin = Date.now();
            const { status } = await ask({ path }).catch((error: Error) => ({ status: error.message }));
            if (status !== 200 && !(await stoodStillSince(begin))) failures.push(`${path}: ${status} after ${Date.now() - begin} ms`);
        }));
        await sleep(500);
    }
    return failures;
}

describe("a table that is locked for 40 seconds", () => {
    const failures: string[] = [];
    let page: Promise<{ status: number; begin: number; end: number }>;
    /** The database's clock is this computer's. */
    let unlocked = 0;

    beforeAll(async () => {
        const pod = await cluster.databasePod();
        const query = (statements: string) => cluster.exec(pod, "mariadb", "--batch", "--skip-column-names", "wordpress", "--execute", statements);
        let lock: Promise<void>;
        const isLocked = async (): Promise<boolean> => {
            lock = query("LOCK TABLES wp_options WRITE; DO SLEEP(40); SELECT UNIX_TIMESTAMP(NOW(6)); UNLOCK TABLES")
                .then(({ stdout }) => { unlocked = Number(stdout) * 1000; });
            const seen = until("the table to be locked", async () =>
                (await query("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'DO SLEEP%'")).stdout.trim() === "1", 40, 0.2);
            return Promise.race([seen, lock.then(() => false)]);
        };
        // Again where that was seen too late.
        await until("the table to be seen as locked", isLocked);
        const begin = Date.now();
        page = ask({ path: "/" }).then(({ status }) => ({ status, begin, end: Date.now() }));
        page.catch(() => undefined); // awaited below
        let unready = "";
        const watched = [...(await cluster.pods("web")).filter(isReady), pod].map(nameOf);
        const watch = (async () => {
            const pods = (await everyPod()).filter(one => watched.includes(nameOf(one)) && !one.metadata?.deletionTimestamp);
            unready += pods.filter(one => !isReady(one)).map(nameOf).join(" ");
        });
        const watching = setInterval(() => void watch().catch(() => undefined), 2000);
        failures.push(...await visitorsWhile(lock!));
        clearInterval(watching);
        if (unready !== "") failures.push(`not ready: ${unready}`);
    });

    it("leaves files alone and the pods in rotation", () => {
        expect(failures).toEqual([]);
    });

    it("makes a page late, not lost", async () => {
        const { status, begin, end } = await page;
        figure("answer of a page whose table was locked for 40 s", `${status} after ${((end - begin) / 1000).toFixed(1)} s`);
        expect(status).toBe(200);
        expect(begin).toBeLessThan(unlocked);
        expect(end).toBeGreaterThan(unlocked);
    });
});

describe("twelve bodies of 64 MB at once", () => {
    /** But the slow one, which may arrive meanwhile (11-meanwhile). */
    const media = async () => (JSON.parse((await ask({ path: "/wp-json/wp/v2/media?per_page=100" })).text) as Item[])
        .filter(({ source_url: url }) => !url.includes("/slow")).map(({ id }) => id);
    const body = Buffer.alloc(64_000_000, "x");
    const twelve = (path: string, headers: Record<string, string>) => Promise.all(Array.from({ length: 12 }, () =>
        ask({ method: "POST", path, body, headers, seconds: 300 }).then(({ status }) => status, () => 0)));

    it.each([
        ["without a login", "/", {}],
        ["with a forged one", "/wp-admin/async-upload.php", { Cookie: "wordpress_logged_in_0=editor%7C1%7Cforged" }],
    ])("%s evict nobody, and visitors are served meanwhile", async (_, path, headers) => {
        const [before, files] = [await settledStanding(), await media()];
        const bodies = twelve(path, { "Content-Type": "application/x-www-form-urlencoded", ...headers } as Record<string, string>);
        expect(await visitorsWhile(bodies, [image, "/"])).toEqual([]);
        await bodies;
        expect(await media()).toEqual(files);
        await expectUntouched(before);
    });
});

describe("a query that would spill 2 GB", () => {
    it("fails alone", async () => {
        const before = await settledStanding();
        const pod = await cluster.databasePod();
        const query = cluster.exec(pod, "mariadb", "wordpress", "--execute",
            "CREATE TEMPORARY TABLE spill ENGINE=Aria AS SELECT seq, REPEAT('x', 500) AS x FROM seq_1_to_4200000");
        expect(await visitorsWhile(query, [image, "/"])).toEqual([]);
        const { code, stderr } = await query;
        expect(code).not.toBe(0);
        expect(stderr).toMatch(/is full|space limit/);
        await expectUntouched(before);
    });
});

describe("a picture of 108 megapixels", () => {
    it("is refused with its size and what to do, and no process is killed", async () => {
        const before = await settledStanding();
        const large = editor.upload("large.png", "image/png", picture("large", 12_000, 9_000));
        await expect(large).rejects.toThrow(/12000 .{1,6} 9000 pixels \(108 megapixels\).*Make it smaller/s);
        await expectUntouched(before);
        expect((await ask({ path: "/" })).status).toBe(200);
    });
});

describe("none of that", () => {
    it("has evicted or restarted a pod, also when the kubelet next looks at scratch space", async () => {
        await sleep(10_000);
        await expectUntouched(first);
    });
});

describe("addresses", () => {
    it.each(["/wp-admin", "/wp-includes", "/wp-content/themes"])("a directory without its slash, %s, is sent on by HTTPS", async path => {
        const { status, headers } = await ask({ path });
        expect([301, 302]).toContain(status);
        expect(headers.location).toBe(`${address}${path}/`);
    });

    it("a client can't choose its own", async () => {
        const marker = `/forwarded-${randomBytes(6).toString("hex")}`;
        for (const forged of ["203.0.113.7", "10.1.2.3", "10.1.2.3, 192.168.1.1", "garbage", "2001:db8::1"]) {
            await ask({ path: marker, headers: { "X-Forwarded-For": forged } });
        }
        const lines = await until("the log", async () => {
            const logs = await Promise.all((await cluster.pods("web")).map(pod =>
                cluster.core.readNamespacedPodLog({ name: nameOf(pod), namespace: names.environment, tailLines: 5000 })));
            const found = logs.join("\n").split("\n").filter(line => line.includes(marker));
            return found.length >= 5 && found;
        });
        const clients = lines.map(line => (JSON.parse(line) as { client: string }).client);
        expect(new Set(clients).size, clients.join(" ")).toBe(1);
        expect(clients[0]).not.toMatch(/^(127\.|203\.0\.113|10\.1\.2|192\.168\.1\.1$|garbage|2001:db8)/);
    });

    it("a key in an address is in no log", async () => {
        const secret = randomBytes(8).toString("hex");
        const begin = Date.now();
        await ask({ path: `/wp-login.php?action=rp&key=${secret}&login=admin` });
        for (const [workload, namespace] of [["web", names.environment], ["envoy", "landfall-gateway"]]) {
            const logs = await until(`the log of ${workload}`, async () => {
                const pods = await cluster.pods(workload, namespace);
                const texts = await Promise.all(pods.map(pod => cluster.core.readNamespacedPodLog({
                    name: nameOf(pod), namespace, container: workload, sinceSeconds: Math.ceil((Date.now() - begin) / 1000),
                })));
                return texts.join("").includes("/wp-login.php") && texts.join("");
            });
            expect(logs.includes(secret), workload).toBe(false);
        }
    });
});
