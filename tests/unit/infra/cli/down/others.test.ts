import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { refuseWhileShared } from "../../../../../infra/cli/down/others";
import type { Terminal } from "../../../../../infra/cli/terminal";
import { KubernetesApi, kubeconfigFor } from "../../../fixtures/kubernetes-api";

const api = new KubernetesApi();
let kubeconfig = "";
let said: string[] = [];
const terminal = { line: (line: string) => void said.push(line) } as unknown as Terminal;
beforeAll(async () => { kubeconfig = kubeconfigFor(await api.start()); });
afterAll(() => api.stop());
beforeEach(() => {
    said = [];
    api.reset();
    api.kinds.set("/apis/cert-manager.io/v1", [["certificates", "Certificate", true]]);
});

function certificate(name: string, stack: string | undefined, spec: object): void {
    api.put({
        apiVersion: "cert-manager.io/v1", kind: "Certificate", spec,
        metadata: { name, namespace: "landfall-certificates", ...(stack && { annotations: { "landfall.dev/stack": stack } }) },
    });
}

const refusal = (stack = "dev"): Promise<string | undefined> =>
    refuseWhileShared(stack, kubeconfig, terminal).then(() => undefined, (error: Error) => error.message);

describe("a stack whose platform other stacks' environments need", () => {
    it("isn't removed; the message names who is on it, and the order", async () => {
        certificate("gateway-tls", "landfall/dev", { dnsNames: ["wordpress.localhost"] });
        certificate("uat.tls", "landfall/uat", { dnsNames: ["uat.localhost"] });
        certificate("uat.ca", "landfall/uat", { isCA: true });
        certificate("shop.tls", "shop/live", { dnsNames: ["shop.localhost", "www.shop.localhost"] });
        const message = await refusal();
        expect(message).toContain("  landfall/uat: uat.localhost\n  shop/live: shop.localhost, www.shop.localhost\n");
        expect(message).toContain("Nothing was removed.");
        expect(message?.match(/npm run down -- --stack \w+/g)).toEqual(["npm run down -- --stack uat", "npm run down -- --stack dev"]);
        expect(message).toContain("--despite-others");
    });

    it("is removed once it is alone, if its cluster is gone, and if it never had one", async () => {
        certificate("gateway-tls", "landfall/dev", { dnsNames: ["wordpress.localhost"] });
        certificate("by-hand", undefined, { dnsNames: ["other.localhost"] });
        expect(await refusal()).toBeUndefined();
        api.kinds.delete("/apis/cert-manager.io/v1");
        expect(await refusal()).toBeUndefined();
        expect(said).toEqual([]);
        await refuseWhileShared("dev", kubeconfigFor("http://127.0.0.1:1"), terminal);
        expect(said.join()).toMatch(/doesn't say whether other stacks/);
        await refuseWhileShared("dev", undefined, terminal);
    }, 15_000);
});
