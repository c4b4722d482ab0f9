import * as k8s from "@kubernetes/client-node";
import { isDeepStrictEqual } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { EngineStack } from "./support/engine";
import { Cluster } from "./support/kubernetes";
import { names } from "./support/names";
import type { Ended } from "./support/npm";
import { ensureUp } from "./support/stack";
import { sleep, until } from "./support/wait";

describe("a second stack on the cluster of the suite's, which would make a platform of its own", () => {
    let ended: Ended;
    let before: string[];
    let after: string[];

    beforeAll(async () => {
        await ensureUp();
        const cluster = await Cluster.connect();
        const second = new EngineStack("second", "existing", line => process.stdout.write(line));
        const settings = {
            config: {
                "landfall:cluster": {
                    target: "existing", stack: `organization/landfall/${names.stack}`, sharedPlatform: false, loadBalancer: "NodePort",
                    registry: "registry.invalid", metrics: "install", storageClass: "landfall-local", sharedStorageClass: "landfall-local",
                },
                "landfall:environment": { name: "second", host: "second.localhost", tls: { issuer: "ca" } },
            },
        };
        await cluster.core.createNamespace({ body: { metadata: { name: "second" } }, fieldManager: "kubectl-create" });
        try {
            // Controllers still complete what the start has made.
            await until("the cluster's objects to be at rest", async () => {
                before = await fingerprints(cluster);
                await sleep(5000);
                return isDeepStrictEqual(await fingerprints(cluster), before);
            });
            ended = await second.preview(settings);
            after = await fingerprints(cluster);
            await second.remove(settings);
        } finally {
            second.end();
            await cluster.core.deleteNamespace({ name: "second" });
        }
    });

    it.each([
        `made by the stack landfall/${names.stack}:`,
        /\n +CustomResourceDefinition .*certificates\.cert-manager\.io/,
        /\n +CustomResourceDefinition .*gateways\.gateway\.networking\.k8s\.io/,
        /\n +GatewayClass landfall\n/,
        /\n +Namespace landfall-certificates, landfall-gateway/,
        /made by kubectl:\n +Namespace second\n/,
        /\n +ValidatingWebhookConfiguration cert-manager-webhook\n/,
        "Nothing was changed",
        `The stack landfall/${names.stack} made this cluster's platform. To add an environment that shares it`,
    ])("is refused in the preview, which names %s", part => {
        expect(ended.code).not.toBe(0);
        expect(ended.output).toMatch(part);
    });

    it("leaves every object as it was", () => {
        expect(before.length).toBeGreaterThan(20);
        expect(after).toEqual(before);
    });
});

/** The cluster's definitions, classes, roles and namespaces: which object it is, its spec's version or rules, and its labels. */
async function fingerprints({ objects }: Cluster): Promise<string[]> {
    const kinds = [
        ["apiextensions.k8s.io/v1", "CustomResourceDefinition"], ["gateway.networking.k8s.io/v1", "GatewayClass"],
        ["rbac.authorization.k8s.io/v1", "ClusterRole"], ["v1", "Namespace"],
    ];
    const lists = await Promise.all(kinds.map(([apiVersion, kind]) => objects.list<k8s.KubernetesObject & { rules?: unknown }>(apiVersion, kind)));
    return lists.flatMap(({ items }) => items)
        .map(({ metadata: { name, uid, generation, labels, annotations } = {}, rules }) =>
            JSON.stringify([name, uid, generation, labels, annotations, rules])).sort();
}
