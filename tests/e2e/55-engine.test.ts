import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { stackFile } from "../../infra/cli/stack/home";
import { changeConfig } from "./support/config";
import { Cluster } from "./support/kubernetes";
import { names } from "./support/names";
import { expectSamePods, readObjects, readPods } from "./support/objects";
import { killAll } from "./support/processes";
import { pulumi } from "./support/pulumi";
import { ask } from "./support/site";
import { beginStart, ensureUp, figure, start } from "./support/stack";

let cluster: Cluster;
const everything = async () => ({ objects: await readObjects(cluster), pods: await readPods(cluster) });
async function expectUntouched({ objects, pods }: Awaited<ReturnType<typeof everything>>): Promise<void> {
    expect(await readObjects(cluster)).toEqual(objects);
    expectSamePods(await readPods(cluster), pods);
}

/** With what `npm start` made of the stack's file. */
const plain = (...args: string[]) => pulumi(...args, "--config-file", stackFile(names.stack, "config.yaml"));

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
    await cluster.settled();
});

describe("plain pulumi after npm start, also after one that picked up an interrupted start", () => {
    it.each([
        ["preview", ["preview", "--expect-no-changes"]],
        ["refresh", ["refresh", "--yes", "--skip-preview", "--expect-no-changes"]],
        ["up", ["up", "--yes", "--skip-preview", "--expect-no-changes"]],
    ])("finds nothing to do: %s", async (command, args) => {
        const before = await everything();
        const { code, output, seconds } = await plain(...args);
        figure(`pulumi ${command} without a change`, `${seconds} s`);
        expect(code).toBe(0);
        expect(output).toMatch(/^ +\d+ unchanged$/m);
        await expectUntouched(before);
    });
});

describe("an update that fails", () => {
    it("says what failed, leaves the site as it is, and nothing to do once the cause is gone", async () => {
        const before = await everything();
        const undo = changeConfig(config => {
            Object.assign(config["landfall:app"], { images: { base: "landfall.invalid/none:1" } });
        });
        try {
            const { code, output } = await start();
            expect(code).toBe(1);
            expect(output).toMatch(/Image web-image updating failed[^]*landfall\.invalid/);
            await expectUntouched(before);
            expect((await ask({ path: "/" })).status).toBe(200);
        } finally {
            undo();
        }
        const { code, output } = await start();
        expect(code).toBe(0);
        expect(output).toContain("The site answers at");
        await expectUntouched(before);
    });
});

describe("a start that is killed at a random point, with all that it has started", () => {
    it("is picked up by the next", async () => {
        const title = `Killed ${Date.now()}`;
        changeConfig(config => {
            config["landfall:app"].title = title;
        });
        const mark = randomUUID();
        const running = beginStart({ LANDFALL_E2E_RUN: mark });
        const seconds = 3 + Math.random() * 9;
        const timer = setTimeout(() => killAll(`LANDFALL_E2E_RUN=${mark}`), seconds * 1000);
        const { code: killed, output } = await running.ended;
        clearTimeout(timer);
        expect(killed).not.toBe(0);
        figure(`killed after ${seconds.toFixed(1)} s, at`, output.trim().split("\n").pop() ?? "");
        expect((await ask({ path: "/" })).status).toBe(200);

        const next = await start();
        expect(next.code).toBe(0);
        for (const pod of await cluster.settled()) {
            expect((await cluster.exec(pod, "printenv", "WORDPRESS_TITLE")).stdout).toBe(`${title}\n`);
        }
        const { code, output: last } = await start();
        expect(code).toBe(0);
        expect(last).toMatch(/^ +\d+ unchanged$/m);
    });
});
