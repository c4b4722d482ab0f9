import { beforeAll, describe, expect, it } from "vitest";
import { changeConfig, StackConfig } from "./support/config";
import { Cluster, nameOf } from "./support/kubernetes";
import { Load } from "./support/load";
import type { Ended } from "./support/npm";
import { expectSamePods, readObjects, readPods } from "./support/objects";
import { ask } from "./support/site";
import { beginStart, ensureUp, figure, start } from "./support/stack";
import { until } from "./support/wait";

/** Annotation of the web's pods that follows their configuration. */
const checksum = "landfall.dev/config";

let cluster: Cluster;

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
});

describe("a start that is interrupted half-way", () => {
    it("stops when asked, and the next one picks up", async () => {
        await cluster.settled();
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

    it("leaves nothing to do for the one after", async () => {
        const { code, output } = await start();
        expect(code).toBe(0);
        expect(output).toMatch(/^ +\d+ unchanged$/m);
    });
});

async function currentChecksum(): Promise<string | undefined> {
    return (await cluster.webDeployment()).spec?.template.metadata?.annotations?.[checksum];
}

function checksumOf(pod: { metadata?: { annotations?: Record<string, string> } }): string | undefined {
    return pod.metadata?.annotations?.[checksum];
}
