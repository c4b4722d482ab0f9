import type * as k8s from "@kubernetes/client-node";
import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import type { Status } from "../../infra/cli/status/summary";
import { version } from "../../package.json";
import { Cluster } from "./support/kubernetes";
import { address, names } from "./support/names";
import { npm } from "./support/npm";
import { ask, Editor, Item, pathOf } from "./support/site";
import { askSlowly, Transfer } from "./support/slow";
import { adminPassword, ensureUp, figure } from "./support/stack";
import { stoodStillSince } from "./support/stalls";
import { until } from "./support/wait";

// What takes its time and disturbs nothing: other files go on meanwhile.
const mebibyte = 1 << 20;

let cluster: Cluster;
let editor: Editor;
let scheduled: { post: Item; due: Date; text: string };
/** It takes longer than any limit on the way once was. */
let upload: Promise<Transfer>;

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
    editor = await Editor.logIn(adminPassword());
    upload = uploadSlowly();
    upload.catch(() => undefined); // awaited below
    const text = `Written ahead of ${new Date().toISOString()}`;
    // WordPress publishes what is due within the minute at once.
    const due = new Date(Date.now() + 90_000);
    scheduled = { post: await editor.schedule("Later", text, due), due, text };
    expect(await statusOf(scheduled.post)).toBe("future");
});

/** Once more where this process stood still meanwhile, and so was a client that stalls. */
async function uploadSlowly(): Promise<Transfer> {
    const begin = Date.now();
    const headers = { ...editor.credentials, "Content-Type": "text/plain", "Content-Disposition": 'attachment; filename="slow.txt"' };
    const body = Buffer.from(randomBytes(6 * mebibyte).toString("hex"));
    const sent = () => askSlowly({ method: "POST", path: "/wp-json/wp/v2/media", rate: 96 * 1024, seconds: 900, headers, body });
    const first = await sent().catch((error: Error) => error);
    if (!(first instanceof Error) && first.status === 201) return first;
    if (await stoodStillSince(begin)) return sent();
    if (first instanceof Error) throw first;
    return first;
}

/** Asks the database itself, as a request to the site would be a visitor. */
async function statusOf({ id }: Item): Promise<string> {
    const query = `SELECT post_status FROM wp_posts WHERE ID = ${id}`;
    const { code, stdout, stderr } = await cluster.exec(
        await cluster.databasePod(), "mariadb", "--batch", "--raw", "--skip-column-names", "--execute", query, "wordpress");
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
}

describe("the autoscaler", () => {
    it("gets the pods' use of CPU", async () => {
        const use = await until("the autoscaler's metrics", async () => {
            const { status } = await cluster.autoscaling.readNamespacedHorizontalPodAutoscaler({
                name: "web", namespace: names.environment,
            });
            const active = status?.conditions?.find(({ type }) => type === "ScalingActive");
            return active?.status === "True" ? status?.currentMetrics?.[0]?.resource : undefined;
        }, 600);
        expect(use.name).toBe("cpu");
        expect(use.current.averageUtilization).toEqual(expect.any(Number));
        figure("CPU use that the autoscaler sees", `${use.current.averageUtilization} %`);
    });
});

describe("npm run status", () => {
    const status = async (...args: string[]) => npm(["run", "--silent", "status", "--", ...args, "--stack", names.stack], {}, false);
    const found = async (): Promise<Status> => JSON.parse((await status("--json")).stdout) as Status;
    /** Fits on no node, and gets no requests: nothing else in the namespace notices it. */
    const nowhere: k8s.V1Deployment = {
        metadata: { name: "nowhere", namespace: names.environment },
        spec: {
            selector: { matchLabels: { "app.kubernetes.io/name": "nowhere" } },
            template: {
                metadata: { labels: { "app.kubernetes.io/name": "nowhere" } },
                spec: {
                    nodeSelector: { "landfall.dev/e2e": "nowhere" }, terminationGracePeriodSeconds: 0,
                    securityContext: { runAsNonRoot: true, runAsUser: 10000, seccompProfile: { type: "RuntimeDefault" } },
                    containers: [{
                        name: "nowhere", image: "landfall.local/stranger:none",
                        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
                    }],
                },
            },
        },
    };

    it("says which pod fits nowhere", async () => {
        await cluster.apps.createNamespacedDeployment({ namespace: names.environment, body: nowhere });
        try {
            const { healthy, problem } = await until("the status to name the pod", async () => {
                const { healthy, problems } = await found();
                const problem = problems.find(({ object }) => object.startsWith(`Pod ${names.environment}/nowhere-`));
                return problem && { healthy, problem };
            }, 150, 5);
            expect(problem).toMatchObject({ severity: "failing", matter: expect.stringMatching(/can't be scheduled: .*didn't match/) });
            expect(healthy).toBe(false);
            expect((await status()).code).toBe(1);
        } finally {
            await cluster.apps.deleteNamespacedDeployment({ name: "nowhere", namespace: names.environment, propagationPolicy: "Foreground" });
            await until("the pod to be gone", async () => (await cluster.pods("nowhere")).length === 0, 60);
        }
    });

    it("says that all is well when it is", async () => {
        // Autoscalers come down from what the start has taken.
        const begin = Date.now();
        const seen = new Set<string>();
        const well = await until("the stack to be well", async () => {
            const now = await found();
            if (now.healthy) return now;
            for (const { object, matter } of now.problems) seen.add(`${object}: ${matter}`);
            throw new Error(JSON.stringify(now.problems));
        }, 480, 5);
        figure("the stack was well after", `${Math.round((Date.now() - begin) / 1000)} s ${[...seen].join("; ")}`);
        expect(well).toMatchObject({ healthy: true, address, problems: [], versions: { applied: version } });
        expect(well.parts.filter(({ namespace }) => namespace === names.environment)).toMatchObject([
            { name: "database", ready: 1, images: well.imageDates }, { name: "web", images: well.imageDates },
        ]);
        const { code, output } = await status();
        expect({ code, output }).toMatchObject({ code: 0, output: expect.stringMatching(/\n\nAll is well\.\n/) });
    });
});

describe("a scheduled post", () => {
    it("is published on time, although nobody's visit begins that", async () => {
        const { post, due, text } = scheduled;
        await until("the post to be published", async () => await statusOf(post) === "publish", 900);
        figure("a scheduled post was published after its time by", `${Math.round((Date.now() - due.getTime()) / 1000)} s at most`);
        expect(Date.now()).toBeGreaterThan(due.getTime());
        expect((await ask({ path: `/?p=${post.id}` })).status).toBe(301);
        expect((await ask({ path: pathOf((await ask({ path: `/?p=${post.id}` })).headers.location ?? "") })).text).toContain(text);
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
        const { status, received, seconds } = await askSlowly({ path: pathOf(item.source_url), rate: 400 * 1024, seconds: 600 });
        figure("download of 12 MiB at 3.3 Mbit/s", `${status} after ${seconds.toFixed(0)} s`);
        expect({ status, received }).toEqual({ status: 200, received: 12 * mebibyte });
        expect(seconds).toBeGreaterThan(25);
    });
});
