import { beforeAll, describe, expect, it } from "vitest";
import { changeConfig, StackConfig } from "./support/config";
import { Cluster, nameOf } from "./support/kubernetes";
import { Load } from "./support/load";
import type { Ended } from "./support/npm";
import { expectSamePods, readObjects, readPods } from "./support/objects";
import { names } from "./support/names";
import { ask, Editor, type Site, suiteSite } from "./support/site";
import { adminPassword, beginStart, ensureUp, figure, preview, start } from "./support/stack";
import { until } from "./support/wait";

/** Annotation of the web's pods that follows their configuration. */
const checksum = "landfall.dev/config";

/** Hosts beside the suite's own: one that leads to it, and one that the site moves to. */
const redirected = siteAt("www.wordpress.localhost");
const moved = siteAt("moved.localhost");

let cluster: Cluster;
/** Gives the site its host back, with the next start. */
let undoMove = (): void => undefined;

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
    await cluster.settled();
});

describe("a second start", () => {
    it("changes nothing", async () => {
        const [objects, pods] = [await readObjects(cluster), await readPods(cluster)];
        const { code, output, seconds } = await start();
        figure("second npm start", `${seconds} s`);
        expect(code).toBe(0);
        expect(output).toMatch(/^ +\d+ unchanged$/m);
        expect(output).not.toMatch(/\b[1-9]\d* (created|updated|replaced|deleted)\b/);
        expect(await readObjects(cluster)).toEqual(objects);
        expectSamePods(await readPods(cluster), pods);
    });
});

describe("a preview of a change that replaces the cluster", () => {
    it("names what holds data on top, says so by its exit code, and changes nothing", async () => {
        const objects = await readObjects(cluster);
        const undo = changeConfig(config => {
            config["landfall:cluster"].nodes = 3;
        });
        try {
            const { code, stdout, output, seconds } = await preview();
            figure("npm run preview of another number of nodes", `${seconds} s`);
            expect(code).toBe(3);
            const [top] = stdout.split("<details");
            expect(top).toContain("replaces `Command cluster-nodes`: the cluster and all that runs in it");
            expect(output).not.toContain(adminPassword());
            expect(await readObjects(cluster)).toEqual(objects);
        } finally {
            undo();
        }
    });
});

describe("wrong configuration stops the start, names the key and leaves the cluster untouched", () => {
    it.each<[string, string, (config: StackConfig) => void]>([
        ["a minimum above the maximum", "landfall:app.web.replicas.min", config => {
            config["landfall:app"].web.replicas = { min: 7, max: 3 };
        }],
        ["an unknown key", "landfall:app.web.replica", config => {
            Object.assign(config["landfall:app"].web, { replica: 3 });
        }],
        ["a quota that is too small", "landfall:environment.quota.memory", config => {
            config["landfall:environment"].quota = { memory: "1Gi" };
        }],
    ])("%s", async (_, key, change) => {
        const [objects, pods] = [await readObjects(cluster), await readPods(cluster)];
        const undo = changeConfig(change);
        try {
            const { code, output } = await start();
            expect(code).toBe(1);
            expect(output).toContain(key);
            expect(output).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)$/m); // a person's mistake needs no stack trace
        } finally {
            undo();
        }
        expect(await readObjects(cluster)).toEqual(objects);
        expectSamePods(await readPods(cluster), pods);
    });
});

describe("a changed configuration", () => {
    it("rolls the web's pods, and no visitor notices", async () => {
        const before = await cluster.settled();
        const title = `Landfall ${Date.now()}`;
        changeConfig(config => {
            config["landfall:app"].title = title;
            config["landfall:app"].web.memory = { request: "288Mi", limit: "900Mi" };
            config["landfall:environment"].redirects = [redirected.host];
        });
        const running = beginStart();
        await until("the new configuration", async () => (await currentChecksum()) !== checksumOf(before[0]), 600);
        const load = new Load("requests while the pods were rolled");
        let after = before;
        try {
            const { code, output } = await running.ended;
            expect(code).toBe(0);
            expect(output).toMatch(/\b[1-9]\d* updated\b/);
            after = await cluster.settled();
        } finally {
            expect(await load.end()).toEqual([]);
            expect(load.answered).toBeGreaterThan(20);
        }
        const [old, now] = [before, after].map(pods => pods.map(nameOf));
        expect(now.filter(name => old.includes(name))).toEqual([]);
        expect(new Set(after.map(pod => pod.spec?.nodeName)).size).toBe(2);
        for (const pod of after) {
            expect(checksumOf(pod)).not.toBe(checksumOf(before[0]));
            expect(pod.spec?.containers[0].resources?.requests?.memory).toBe("288Mi");
            expect((await cluster.exec(pod, "printenv", "WORDPRESS_TITLE")).stdout).toBe(`${title}\n`);
        }
        expect((await cluster.databasePod()).metadata?.creationTimestamp?.getTime()).toBeLessThan(
            Math.min(...after.map(pod => pod.metadata?.creationTimestamp?.getTime() ?? 0)));
    });

    it("has another host lead to the site, with a certificate of its own", async () => {
        for (const insecure of [false, true]) {
            const { status, headers, certificate } = await ask({ path: "/shop/?a=1&b=%2F", insecure }, redirected);
            expect([status, headers.location]).toEqual([301, `${suiteSite.address}/shop/?a=1&b=%2F`]);
            if (!insecure) expect(certificate?.subjectaltname).toBe(`DNS:${redirected.host}`);
        }
        expect((await ask({ path: "/" })).certificate?.subjectaltname).toBe(`DNS:${names.host}`);
    });

    it("moves the site to another host with all that it holds, and the old one always has an answer", async () => {
        const editor = await Editor.logIn(adminPassword());
        const picture = `${suiteSite.address}/wp-content/uploads/2026/11/a.jpg`;
        const { id, link } = await editor.publish("Before the move", `<img src="${picture}"> ${suiteSite.address}/x?y=1`);
        undoMove = changeConfig(config => {
            Object.assign(config["landfall:environment"], { host: moved.host, redirects: [names.host, redirected.host] });
        });
        const load = new Load("requests to the old host while the site moved", suiteSite, 600, ({ status, headers }) =>
            status === 200 || (status === 301 && headers.location?.startsWith(`${moved.address}/`) === true));
        try {
            const { code, output, seconds } = await start();
            figure("npm start that moves the site to another host", `${seconds} s`);
            expect(code).toBe(0);
            expect(output).toContain(`The site answers at ${moved.address}`);
        } finally {
            expect(await load.end()).toEqual([]);
        }
        const { status, text } = await ask({ path: `/wp-json/wp/v2/posts/${id}` }, moved);
        expect(status).toBe(200);
        const post = JSON.parse(text) as { link: string; content: { rendered: string }; guid: { rendered: string } };
        expect(post.link).toBe(link.replace(suiteSite.address, moved.address));
        expect(post.content.rendered).toContain(picture.replace(suiteSite.address, moved.address));
        expect(post.content.rendered).not.toContain(suiteSite.address);
        expect(post.guid.rendered).toContain(suiteSite.address); // by which feed readers know it
        const { headers } = await ask({ path: `${new URL(link).pathname}?utm=1` });
        expect(headers.location).toBe(`${post.link}?utm=1`);
        await Editor.logIn(adminPassword(), "admin", moved);
    });
});

describe("a start that is interrupted half-way", () => {
    it("stops when asked, and the next one picks up", async () => {
        await cluster.settled();
        undoMove(); // the site moves back meanwhile
        let title = "";
        const interrupted = async (): Promise<Ended | false> => {
            title = `Interrupted ${Date.now()}`;
            changeConfig(config => {
                config["landfall:app"].title = title;
            });
            const old = await currentChecksum();
            const running = beginStart();
            const rolls = until("the pods to roll", async () => {
                const { spec, status, metadata } = await cluster.webDeployment();
                const rolling = status?.observedGeneration === metadata?.generation && (status?.updatedReplicas ?? 0) < (spec?.replicas ?? 1);
                return rolling && (await currentChecksum()) !== old;
            }, 600, 0.2);
            if (await Promise.race([rolls, running.ended.then(() => "over")]) === "over") rolls.catch(() => undefined);
            running.interrupt();
            const ended = await running.ended;
            return ended.code !== 0 && ended;
        };
        // Where the test was too late, the start has done all that it was to do: then it is another that is interrupted.
        const stopped = await interrupted() || await interrupted() || await interrupted();
        if (stopped === false) throw new Error("No start could be interrupted while the pods rolled");
        expect(stopped.output).toContain("Stopp");
        expect(stopped.output).not.toContain("The site answers at");

        const { code, output, seconds } = await start();
        figure("npm start after an interrupted one", `${seconds} s`);
        expect(code).toBe(0);
        expect(output).toContain("The site answers at");
        for (const pod of await cluster.settled()) {
            expect((await cluster.exec(pod, "printenv", "WORDPRESS_TITLE")).stdout).toBe(`${title}\n`);
        }
        expect((await ask({ path: "/" })).status).toBe(200);
    });
});

function siteAt(host: string): Site {
    return { ...suiteSite, host, address: `https://${host}:${names.https}` };
}

async function currentChecksum(): Promise<string | undefined> {
    return (await cluster.webDeployment()).spec?.template.metadata?.annotations?.[checksum];
}

function checksumOf(pod: { metadata?: { annotations?: Record<string, string> } }): string | undefined {
    return pod.metadata?.annotations?.[checksum];
}
