import * as k8s from "@kubernetes/client-node";
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { Cluster, nameOf } from "./support/kubernetes";
import { names } from "./support/names";
import { picture } from "./support/picture";
import { ask, Editor, Item, pathOf } from "./support/site";
import { adminPassword, ensureUp } from "./support/stack";
import { until } from "./support/wait";

describe("an uploaded file", () => {
    const content = picture(new Date().toISOString());
    const digest = createHash("sha256").update(content).digest("hex");
    let cluster: Cluster;
    let editor: Editor;
    let item: Item;

    beforeAll(async () => {
        await ensureUp();
        cluster = await Cluster.connect();
        editor = await Editor.logIn(adminPassword());
        item = await editor.upload("landfall.png", "image/png", content);
    });

    it("comes back to visitors as it was", async () => {
        const { status, headers, body } = await ask({ path: pathOf(item.source_url) });
        expect(status).toBe(200);
        expect(headers["content-type"]).toBe("image/png");
        expect(createHash("sha256").update(body).digest("hex")).toBe(digest);
    });

    it("is seen by all web replicas, on both nodes", async () => {
        const file = `/var/www/html${pathOf(item.source_url)}`;
        const pods = await onBothNodes(cluster);
        const seen = await Promise.all(pods.map(async pod => {
            const { stdout, stderr } = await cluster.exec(pod, "sha256sum", file);
            return { pod: nameOf(pod), digest: stdout.split(" ")[0] || stderr };
        }));
        expect(seen).toEqual(pods.map(pod => ({ pod: nameOf(pod), digest })));
        expect(new Set(pods.map(pod => pod.spec?.nodeName)).size).toBe(2);
    });

    it("is never run, whatever its name", async () => {
        const pod = await cluster.readyPod("web");
        const script = "/var/www/html/wp-content/uploads/e2e.php";
        expect((await cluster.exec(pod, "sh", "-c", `echo '<?php echo 6 * 7;' >${script}`)).code).toBe(0);
        try {
            const { status, text } = await ask({ path: "/wp-content/uploads/e2e.php" });
            expect(status).toBe(403);
            expect(text).not.toContain("42");
        } finally {
            await cluster.exec(pod, "rm", script);
        }
    });

    it("is refused where it is a program", async () => {
        const program = editor.upload("shell.php", "application/x-php", Buffer.from("<?php"));
        await expect(program).rejects.toThrow(/: (4|5)\d\d /);
    });
});

/** The web's pods. An autoscaler that came down may have left them all on one node: then one of them gets its place on the other. */
async function onBothNodes(cluster: Cluster): Promise<k8s.V1Pod[]> {
    const pods = await until("the autoscaler to have made two pods", async () => {
        const all = await cluster.settled();
        return all.length > 1 && all;
    });
    const [node, ...others] = new Set(pods.map(({ spec }) => spec?.nodeName ?? ""));
    if (others.length > 0) return pods;
    const cordon = (unschedulable: boolean) => cluster.core.patchNode(
        { name: node, body: { spec: { unschedulable } } }, k8s.setHeaderOptions("Content-Type", k8s.PatchStrategy.MergePatch),
    );
    await cordon(true);
    try {
        await cluster.core.deleteNamespacedPod({ namespace: names.environment, name: nameOf(pods[0]) });
        return await cluster.settled();
    } finally {
        await cordon(false);
    }
}
