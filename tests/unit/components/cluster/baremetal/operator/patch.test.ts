import * as fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { reboot } from "../../../../../../components/cluster/baremetal/operator/patch";
import type { BareMetal } from "../../../../support/baremetal";
import { captureCluster } from "../../../../support/cluster";

const args: BareMetal = {
    target: "baremetal", name: "prod", virtualAddress: "198.18.40.100", bundle: "./bundle",
    nodes: {
        web: { host: "198.18.40.21", role: "worker" }, one: { host: "198.18.40.11" }, two: { host: "198.18.40.12" },
        three: { host: "198.18.40.13" },
    },
};

/** What is registered, with each resource's name and the names of those that it comes after. */
async function register(more: Partial<BareMetal>) {
    const { resources } = await captureCluster({ ...args, ...more });
    return resources.filter(({ type }) => type === "command:local:Command").map(({ name, inputs, dependsOn }) => ({
        name, inputs, after: resources.filter(({ urn }) => dependsOn.includes(urn)).map(other => other.name),
    }));
}

afterEach(() => void vi.useRealTimers());

describe("patches", () => {
    test("come to one node after the other, the control plane first, when all have their version", async () => {
        const resources = await register({ patches: "2026-11" });
        const after = (name: string) => resources.find(resource => resource.name === name)?.after;
        expect(after("cluster-one-patches")).toEqual(["cluster-web-version"]);
        expect(after("cluster-two-patches")).toEqual(["cluster-one-patches"]);
        expect(after("cluster-three-patches")).toEqual(["cluster-two-patches"]);
        expect(after("cluster-web-patches")).toEqual(["cluster-three-patches"]);
        expect(after("cluster-spread")).toEqual(["cluster-web-patches"]);
        expect(after("cluster-kubeconfig")).toEqual(["cluster-spread"]);
    });

    test("are none where the settings name none, and no news to anything else where they do, but that pods have moved", async () => {
        const [without, november, december] = await Promise.all([
            register({}), register({ patches: "2026-11" }), register({ patches: "2026-12" }),
        ]);
        expect(without.filter(({ name }) => name.endsWith("-patches"))).toEqual([]);
        const changed = (from: typeof without, to: typeof without) => from.filter(({ name, inputs }) =>
            JSON.stringify(inputs) !== JSON.stringify(to.find(other => other.name === name)?.inputs)).map(({ name }) => name);
        expect(changed(without, november)).toEqual(["cluster-spread"]);
        expect(changed(november, december).sort()).toEqual(
            ["cluster-one-patches", "cluster-spread", "cluster-three-patches", "cluster-two-patches", "cluster-web-patches"]);
    });
});

describe("a machine that is rebooted", () => {
    const node = { name: "one", host: "198.18.40.11", port: 22, user: "root", address: "198.18.40.11", role: "worker" as const };
    const dropped = { ok: false, code: 255, stdout: "", stderr: "Connection to 198.18.40.11 closed by remote host.\n" };
    const silent = { ok: false, code: 255, stdout: "", stderr: "ssh: connect to host x port 22: Connection timed out\n" };
    const says = (stdout: string) => ({ ok: true, code: 0, stdout: `${stdout}\n`, stderr: "" });

    /** Reboots a machine that gives these answers, then repeats the last; counts how often it was asked. */
    async function rebootWith(answers: (typeof dropped)[]) {
        vi.useFakeTimers();
        let asked = 0;
        const attempt = async () => answers[Math.min(asked++, answers.length - 1)];
        const result = reboot({ attempt }, node, "id 1", ["a package asks for it"]).then(() => "back", (error: Error) => error.message);
        await vi.runAllTimersAsync();
        return { result: await result, asked };
    }

    test("is back when it answers as another boot, however the connection ended", async () => {
        await fc.assert(fc.asyncProperty(fc.nat(5), fc.nat(5), async (before, dead) => {
            const { result, asked } = await rebootWith([
                dropped, ...Array<typeof dropped>(before).fill(says("id 1")), ...Array<typeof dropped>(dead).fill(silent), says("id 2"),
            ]);
            expect({ result, asked }).toEqual({ result: "back", asked: before + dead + 2 });
        }));
    });

    test("and doesn't come back, or doesn't reboot, is an error after a quarter of an hour", async () => {
        expect((await rebootWith([dropped, silent])).result).toMatch(
            /one \(198\.18\.40\.11\) was rebooted and is not back after 15 minutes\. The nodes after it were not touched.*does not answer/s);
        expect((await rebootWith([says(""), says("id 1")])).result).toMatch(/It still runs as before\./);
    });

    test("by someone who may not is an error at once", async () => {
        const { result, asked } = await rebootWith([{ ok: false, code: 1, stdout: "", stderr: "sudo: a password is required\n" }]);
        expect(result).toContain("can't become root without a password");
        expect(asked).toBe(1);
    });
});
