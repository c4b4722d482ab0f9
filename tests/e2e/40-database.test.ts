import type * as k8s from "@kubernetes/client-node";
import { isDeepStrictEqual } from "node:util";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { nodeContainers, onNode } from "./support/docker";
import { Cluster, isReady, nameOf } from "./support/kubernetes";
import { Load } from "./support/load";
import { names } from "./support/names";
import { npm } from "./support/npm";
import { picture } from "./support/picture";
import { ask, Editor, Item, pathOf } from "./support/site";
import { adminPassword, ensureUp, figure } from "./support/stack";
import { timed, until } from "./support/wait";

let cluster: Cluster;

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
});

describe("when the database is lost, the site answers again by itself with all that was written", () => {
    let editor: Editor;
    let post: Item;
    let upload: Item;
    const text = `Written just before at ${new Date().toISOString()}`;

    beforeAll(async () => {
        editor = await Editor.logIn(adminPassword());
        upload = await editor.upload("before.png", "image/png", picture(text));
    });

    beforeEach(async () => {
        post = await editor.publish("Just before", text);
    });

    it("its pod is deleted", async () => {
        const { metadata } = await cluster.databasePod();
        const seconds = await timed(async () => {
            await cluster.core.deleteNamespacedPod({ name: "database-0", namespace: names.environment });
            await until("a new pod of the database", async () => {
                const { metadata: now } = await cluster.databasePod();
                return now?.uid !== metadata?.uid;
            });
            await expectAllBack();
        });
        figure("from the deletion of the database's pod to the site's answer", `${seconds} s`);
    });

    it("its server is killed", async () => {
        const pod = await cluster.databasePod();
        const { restartCount = 0, containerID = "" } = pod.status?.containerStatuses?.[0] ?? {};
        const seconds = await timed(async () => {
            await kill(pod, containerID);
            await until("the kubelet to restart the server", async () => {
                const status = (await cluster.databasePod()).status?.containerStatuses?.[0];
                expect(status?.lastState?.terminated?.exitCode).toBe(137);
                return (status?.restartCount ?? 0) > restartCount;
            });
            await expectAllBack();
        });
        figure("from the server's kill -9 to the site's answer", `${seconds} s`);
        expect((await cluster.databasePod()).metadata?.uid).toBe(pod.metadata?.uid);
    });

    it("and it can be written again", async () => {
        await expectAllBack();
        expect(await editor.publish("Just after", text)).toHaveProperty("id", expect.any(Number));
    });

    async function expectAllBack(): Promise<void> {
        await until("the post", async () => (await ask({ path: pathOf(post.link) })).text.includes(text), 600, 0.5);
        expect((await ask({ path: pathOf(upload.source_url) })).status).toBe(200);
    }
});

describe("when a web pod is deleted", () => {
    it("no visitor notices, and its last lines are kept", async () => {
        const pods = await cluster.settled();
        const [victim] = pods;
        const load = new Load("requests while a web pod was deleted and made again");
        await until("the first answers", async () => load.answered > 5, 120, 0.2);
        await cluster.core.deleteNamespacedPod({ name: nameOf(victim), namespace: names.environment });
        const name = nameOf(victim);
        let last = "";
        const gone = async (): Promise<boolean> => {
            const log = await cluster.core.readNamespacedPodLog({ name, namespace: names.environment, tailLines: 1 }).catch(() => "");
            last = log.trimEnd() || last;
            const { items } = await cluster.core.listNamespacedPod({ namespace: names.environment });
            return !items.some(pod => nameOf(pod) === nameOf(victim));
        };
        try {
            await until("the pod to be gone and another in its place", async () => {
                const now = await cluster.pods("web");
                return (await gone()) && now.length >= pods.length && now.every(isReady);
            }, 600);
        } finally {
            expect(await load.end()).toEqual([]);
        }
        expect(last).not.toBe("");
        await until("the last line of the pod that is gone", async () => {
            const { stdout } = await npm(["run", "--silent", "logs", "--", "web", "--pod", name, "--since", "30m", "--stack", names.stack], {}, false);
            return stdout.split("\n").some(line => line.startsWith(`${name}  `) && isSameLine(line.slice(name.length + 2), last));
        }, 300, 2);
    });
});

/** Whether they are the same; a kept line in JSON has its fields in another order. */
function isSameLine(kept: string, written: string): boolean {
    const fields = (line: string) => Object.entries(JSON.parse(line) as object).map(String).sort();
    return kept === written || (kept.startsWith("{") && written.startsWith("{") && isDeepStrictEqual(fields(kept), fields(written)));
}

/** Kills the pod's process from its node: in its own container it is the first process, which ignores SIGKILL. */
async function kill(pod: k8s.V1Pod, containerID: string): Promise<void> {
    const node = pod.spec?.nodeName ?? "";
    expect(await nodeContainers()).toContain(node);
    const id = containerID.replace(/^containerd:\/\//, "");
    const pid = await onNode(node, "crictl", "--timeout", "60s", "inspect", "--output", "go-template", "--template", "{{.info.pid}}", id);
    expect(await onNode(node, "cat", `/proc/${pid}/comm`)).toBe("mariadbd");
    await onNode(node, "kill", "-9", pid);
}
