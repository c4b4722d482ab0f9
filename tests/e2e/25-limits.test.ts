import type * as k8s from "@kubernetes/client-node";
import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { Cluster, isReady, isTask, nameOf } from "./support/kubernetes";
import { address, names } from "./support/names";
import { picture } from "./support/picture";
import { ask, Editor, Item, pathOf } from "./support/site";
import { askSlowly, Transfer } from "./support/slow";
import { adminPassword, ensureUp, figure } from "./support/stack";
import { sleep, until } from "./support/wait";

const image = "/wp-includes/images/w-logo-blue.png";
const mebibyte = 1 << 20;

let cluster: Cluster;
let editor: Editor;
/** Begun first and awaited last: it takes longer than any limit on the way once was. */
let upload: Promise<Transfer>;

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
    await cluster.settled();
    editor = await Editor.logIn(adminPassword());
    upload = askSlowly({
        method: "POST", path: "/wp-json/wp/v2/media", rate: 96 * 1024, seconds: 240,
        ...file("slow.txt", 12 * mebibyte),
    });
    upload.catch(() => undefined); // awaited below
});

/** A file of random bytes, as the media library sends it. */
function file(name: string, bytes: number): { headers: Record<string, string>; body: Buffer } {
    const headers = { ...editor.credentials, "Content-Type": "text/plain", "Content-Disposition": `attachment; filename="${name}"` };
    return { headers, body: Buffer.from(randomBytes(bytes / 2).toString("hex")) };
}

/** All pods of the environment but scheduled tasks', also those that have failed. */
async function everyPod(): Promise<k8s.V1Pod[]> {
    return (await cluster.core.listNamespacedPod({ namespace: names.environment })).items.filter(pod => !isTask(pod));
}

async function restarts(): Promise<Record<string, number>> {
    return Object.fromEntries((await everyPod()).map(pod =>
        [nameOf(pod), (pod.status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0)]));
}

/** The same pods as before, none evicted or restarted. */
async function expectUntouched(before: Record<string, number>): Promise<void> {
    expect(await restarts()).toEqual(before);
    const pods = await everyPod();
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
            const { status } = await ask({ path, seconds: 30 }).catch((error: Error) => ({ status: error.message }));
            if (status !== 200) failures.push(`${path}: ${status} after ${Date.now() - begin} ms`);
        }));
        await sleep(500);
    }
    return failures;
}

describe("a table that is locked for 40 seconds", () => {
    const failures: string[] = [];
    let page: Promise<{ status: number; seconds: number }>;

    beforeAll(async () => {
        const pod = await cluster.databasePod();
        const lock = cluster.exec(pod, "mariadb", "wordpress", "--execute", "LOCK TABLES wp_options WRITE; DO SLEEP(40); UNLOCK TABLES");
        await sleep(1000);
        const begin = Date.now();
        page = ask({ path: "/", seconds: 80 }).then(({ status }) => ({ status, seconds: (Date.now() - begin) / 1000 }));
        let unready = "";
        const watch = (async () => {
            const pods = [...await cluster.pods("web"), await cluster.databasePod()];
            unready += pods.filter(one => !isReady(one)).map(nameOf).join(" ");
        });
        const watching = setInterval(() => void watch().catch(() => undefined), 2000);
        failures.push(...await visitorsWhile(lock));
        clearInterval(watching);
        if (unready !== "") failures.push(`not ready: ${unready}`);
    }, 120_000);

    it("leaves files alone and the pods in rotation", () => {
        expect(failures).toEqual([]);
    });

    it("makes a page late, not lost", async () => {
        const { status, seconds } = await page;
        figure("answer of a page whose table was locked for 40 s", `${status} after ${seconds.toFixed(1)} s`);
        expect(status).toBe(200);
        expect(seconds).toBeGreaterThan(35);
    });
});

describe("twelve bodies of 64 MB at once", () => {
    const mediaCount = async () => Number((await ask({ path: "/wp-json/wp/v2/media?per_page=1" })).headers["x-wp-total"]);
    const body = Buffer.alloc(64_000_000, "x");
    const twelve = (path: string, headers: Record<string, string>) => Promise.all(Array.from({ length: 12 }, () =>
        ask({ method: "POST", path, body, headers, seconds: 90 }).then(({ status }) => status, () => 0)));

    it.each([
        ["without a login", "/", {}],
        ["with a forged one", "/wp-admin/async-upload.php", { Cookie: "wordpress_logged_in_0=editor%7C1%7Cforged" }],
    ])("%s evict nobody, and visitors are served meanwhile", async (_, path, headers) => {
        const [before, files] = [await restarts(), await mediaCount()];
        const bodies = twelve(path, { "Content-Type": "application/x-www-form-urlencoded", ...headers } as Record<string, string>);
        expect(await visitorsWhile(bodies, [image, "/"])).toEqual([]);
        await bodies;
        expect(await mediaCount()).toBe(files);
        await sleep(10_000); // the kubelet looks at scratch space every ten seconds
        await expectUntouched(before);
    });
});

describe("a query that would spill 2 GB", () => {
    it("fails alone", async () => {
        const before = await restarts();
        const pod = await cluster.databasePod();
        const query = cluster.exec(pod, "mariadb", "wordpress", "--execute",
            "CREATE TEMPORARY TABLE spill ENGINE=Aria AS SELECT seq, REPEAT('x', 500) AS x FROM seq_1_to_4200000");
        expect(await visitorsWhile(query, [image, "/"])).toEqual([]);
        const { code, stderr } = await query;
        expect(code).not.toBe(0);
        expect(stderr).toMatch(/is full|space limit/);
        await sleep(10_000);
        await expectUntouched(before);
    });
});

describe("a picture of 108 megapixels", () => {
    it("is refused with its size and what to do, and no process is killed", async () => {
        const before = await restarts();
        const large = editor.upload("large.png", "image/png", picture("large", 12_000, 9_000));
        await expect(large).rejects.toThrow(/12000 .{1,6} 9000 pixels \(108 megapixels\).*Make it smaller/s);
        await expectUntouched(before);
        expect((await ask({ path: "/" })).status).toBe(200);
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
                cluster.core.readNamespacedPodLog({ name: nameOf(pod), namespace: names.environment, tailLines: 500 })));
            const found = logs.join("\n").split("\n").filter(line => line.includes(marker));
            return found.length >= 5 && found;
        }, 20);
        const clients = lines.map(line => (JSON.parse(line) as { client: string }).client);
        expect(new Set(clients).size, clients.join(" ")).toBe(1);
        expect(clients[0]).not.toMatch(/^(203\.0\.113|10\.1\.2|192\.168\.1\.1$|garbage|2001:db8)/);
    });

    it("a key in an address is in no log", async () => {
        const secret = randomBytes(8).toString("hex");
        await ask({ path: `/wp-login.php?action=rp&key=${secret}&login=admin` });
        await sleep(2000);
        for (const [workload, namespace] of [["web", names.environment], ["envoy", "landfall-gateway"]]) {
            const pods = await cluster.pods(workload, namespace);
            const logs = await Promise.all(pods.map(pod => cluster.core.readNamespacedPodLog({
                name: nameOf(pod), namespace, container: workload, tailLines: 1000,
            })));
            expect(logs.join("")).toContain("/wp-login.php");
            expect(logs.join("").includes(secret), workload).toBe(false);
        }
    });
});

describe("a slow but moving transfer", () => {
    let item: Item;

    it("of two minutes up arrives", async () => {
        const { status, text, seconds } = await upload;
        figure("upload of 12 MiB at 0.8 Mbit/s", `${status} after ${seconds.toFixed(0)} s`);
        expect(status, text.slice(0, 300)).toBe(201);
        expect(seconds).toBeGreaterThan(120);
        item = JSON.parse(text) as Item;
    });

    it("of half a minute down arrives whole", async () => {
        const { status, received, seconds } = await askSlowly({ path: pathOf(item.source_url), rate: 400 * 1024, seconds: 90 });
        figure("download of 12 MiB at 3.3 Mbit/s", `${status} after ${seconds.toFixed(0)} s`);
        expect({ status, received }).toEqual({ status: 200, received: 12 * mebibyte });
        expect(seconds).toBeGreaterThan(25);
    });
});
