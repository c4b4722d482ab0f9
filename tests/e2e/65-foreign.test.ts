import * as fs from "node:fs";
import * as path from "node:path";
import * as k8s from "@kubernetes/client-node";
import { beforeAll, describe, expect, it } from "vitest";
import { stackFile } from "../../infra/cli/home";
import { preview } from "../../infra/offline/engine";
import { Cluster } from "./support/kubernetes";
import { names } from "./support/names";
import { ensureUp, home } from "./support/stack";

describe("a second stack on the suite's cluster", () => {
    let message: string;
    let before: string[];
    let after: string[];

    beforeAll(async () => {
        await ensureUp();
        const cluster = await Cluster.connect();
        before = await fingerprints(cluster);
        const error = await preview({
            stack: "second",
            config: {
                "landfall:cluster": JSON.stringify({
                    target: "existing", kubeconfig: stackFile(names.stack, "kubeconfig"), loadBalancer: "NodePort",
                    registry: "registry.invalid", metrics: "install", sharedStorageClass: "landfall-local",
                }),
                "landfall:environment": JSON.stringify({ name: "second", host: "second.localhost", tls: { issuer: "ca" } }),
            },
            directory: path.join(home, "second"),
            log: () => undefined,
        }).catch((reason: Error) => reason);
        message = (error as Error).message;
        fs.rmSync(path.join(home, "second"), { recursive: true, force: true });
        after = await fingerprints(cluster);
    });

    it.each([
        `made by the stack landfall/${names.stack}:`,
        /\n {4}CustomResourceDefinition .*certificates\.cert-manager\.io/,
        /\n {4}CustomResourceDefinition .*gateways\.gateway\.networking\.k8s\.io/,
        /\n {4}GatewayClass landfall\n/,
        /\n {4}Namespace landfall-certificates, landfall-gateway/,
        /\n {4}ValidatingWebhookConfiguration cert-manager-webhook\n/,
        "Nothing was changed",
    ])("is refused in the preview, which names %s", part => {
        expect(message).toMatch(part);
    });

    it("leaves every object as it was", () => {
        expect(before.length).toBeGreaterThan(20);
        expect(after).toEqual(before);
    });
});

/** What the cluster as a whole has of definitions, classes, roles and namespaces: which object it is, and its spec's version. */
async function fingerprints({ objects }: Cluster): Promise<string[]> {
    const kinds = [
        ["apiextensions.k8s.io/v1", "CustomResourceDefinition"], ["gateway.networking.k8s.io/v1", "GatewayClass"],
        ["rbac.authorization.k8s.io/v1", "ClusterRole"], ["v1", "Namespace"],
    ];
    const lists = await Promise.all(kinds.map(([apiVersion, kind]) => objects.list<k8s.KubernetesObject>(apiVersion, kind)));
    return lists.flatMap(({ items }) => items)
        .map(({ metadata }) => `${metadata?.name} ${metadata?.uid} ${metadata?.generation}`).sort();
}
