import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answers } from "../../../../../components/platform/cert-manager/webhook";
import { kubeconfigFor, KubernetesApi } from "../../../fixtures/kubernetes-api";

const refused = {
    code: 500,
    message: 'Internal error occurred: failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post ' +
        '"https://cert-manager-webhook.landfall-certificates.svc:443/validate?timeout=10s": connect: connection refused',
};

describe("cert-manager's webhook", () => {
    const api = new KubernetesApi();
    let kubeconfig: string;
    beforeAll(async () => { kubeconfig = kubeconfigFor(await api.start()); });
    afterAll(() => api.stop());
    beforeEach(() => api.reset());

    /** How often the API server was asked, which answers so each time, and then well. */
    async function asked(failures: { code: number; message: string }[], seconds?: number): Promise<number> {
        const requests: string[] = [];
        api.intercept = (method, path) => {
            requests.push(`${method} ${path}`);
            return failures[requests.length - 1] ?? { code: 201, message: "" };
        };
        await answers(kubeconfig, seconds);
        expect(new Set(requests)).toEqual(new Set(["POST /apis/cert-manager.io/v1/namespaces/landfall-certificates/issuers"]));
        return requests.length;
    }

    it("is waited for as long as the API server doesn't reach it", async () => {
        expect(await asked([refused, refused])).toBe(3);
    });

    it("is not waited for where it answers, whatever it says, or where nobody may ask", async () => {
        expect(await asked([])).toBe(1);
        expect(await asked([{ code: 400, message: 'admission webhook "webhook.cert-manager.io" denied the request' }])).toBe(1);
        expect(await asked([{ code: 403, message: "issuers.cert-manager.io is forbidden" }])).toBe(1);
    });

    it("is given up after a while: what is made next tells what is wrong", async () => {
        const times = await asked(Array<typeof refused>(10).fill(refused), 3);
        expect(times).toBeGreaterThan(1);
        expect(times).toBeLessThan(10);
    });
});
