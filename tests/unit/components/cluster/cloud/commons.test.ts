import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as fc from "fast-check";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Helper, requireHelper } from "../../../../../components/cluster/cloud/helper";
import { execKubeconfig } from "../../../../../components/cluster/cloud/kubeconfig";
import { checkedVersion, stepProblem } from "../../../../../components/cluster/cloud/version";
import { parseKubeconfig, scopeKubeconfig } from "../../../../../components/cluster/existing/kubeconfig";
import { parseNetwork, rangesOverlap, splitNetwork } from "../../../../../components/cluster/ipv4";
import { captureProgram } from "../../../../../infra/cli/capture";

describe("the version of Kubernetes", () => {
    const minor = fc.integer({ min: 20, max: 60 });
    const patch = fc.constantFrom("", ".0", ".7", ".3-gke.1000", ".12-eks-a1b2c3");

    it("stays or goes up by one minor version, and no other way", () => {
        fc.assert(fc.property(minor, minor, patch, (from, to, suffix) => {
            const problem = stepProblem(`1.${from}${suffix}`, `1.${to}`);
            expect(problem === undefined).toBe(to === from || to === from + 1);
        }));
    });

    it("is refused with the next step that can be taken", () => {
        expect(stepProblem("1.34.1", "1.36")).toBe("The cluster runs Kubernetes 1.34, and " +
            "landfall:cluster.kubernetesVersion asks for 1.36. Kubernetes goes up one minor version at a time: set it " +
            "to \"1.35\" and run the program, then go on to the next.");
        expect(stepProblem("1.36", "1.35")).toContain("can't go back to an older version. Set it to \"1.36\", or make another cluster");
    });

    it("is checked before the cluster is registered; of one that is not there yet it may be any", async () => {
        const made = (current: string | undefined) => captureProgram({
            stack: "test",
            config: {},
            program: async () => new random.RandomUuid("cluster", {
                keepers: { version: checkedVersion(Promise.resolve(current), "1.36") },
            }),
        });
        const { resources } = await made(undefined);
        expect(resources.find(({ name }) => name === "cluster")?.inputs.keepers).toEqual({ version: "1.36" });
        await expect(made("1.34.7")).rejects.toThrow(/set it to "1\.35"/);
    });
});

function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
    return (output as unknown as { promise(): Promise<T> }).promise();
}

describe("a network", () => {
    const dotted = (address: number) => [24, 16, 8, 0].map(shift => Math.floor(address / 2 ** shift) % 256).join(".");
    const parent = fc.record({ address: fc.nat({ max: 2 ** 32 - 1 }), prefix: fc.integer({ min: 8, max: 18 }) })
        .map(({ address, prefix }) => `${dotted(address - address % 2 ** (32 - prefix))}/${prefix}`);

    it("is cut into networks within it, apart from each other", () => {
        fc.assert(fc.property(parent, fc.integer({ min: 20, max: 28 }), fc.integer({ min: 1, max: 4 }),
            (network, prefix, count) => {
                const whole = parseNetwork(network);
                const parts = splitNetwork(network, prefix, count).map(part => {
                    const parsed = parseNetwork(part);
                    if (!parsed || !whole) throw new Error(`${part} is no network`);
                    expect(rangesOverlap(parsed, whole)).toBe(true);
                    expect(parsed.prefix).toBe(prefix);
                    return parsed;
                });
                expect(parts).toHaveLength(count);
                parts.forEach((left, i) => parts.slice(i + 1).forEach(right =>
                    expect(rangesOverlap(left, right)).toBe(false)));
            }));
    });

    it("that is too small is refused", () => {
        expect(() => splitNetwork("10.0.0.0/18", 19, 3)).toThrow("10.0.0.0/18 has no room for 3 networks of /19.");
    });
});

it("a cloud's kubeconfig names the program that gets credentials, holds none, and is secret", async () => {
    const output = execKubeconfig({
        name: "landfall-prod",
        server: "https://203.0.113.7",
        certificateAuthority: "QUJD",
        exec: { command: process.execPath, args: ["token"], env: { REGION: "x-1" } },
    });
    expect(await pulumi.isSecret(output)).toBe(true);
    const text = await valueOf(output);
    // Any reader of kubeconfigs must find its way.
    expect(() => scopeKubeconfig(parseKubeconfig(text, "it"))).not.toThrow();
    const [{ user }] = (JSON.parse(text) as { users: { user: Record<string, unknown> }[] }).users;
    expect(Object.keys(user)).toEqual(["exec"]);
    expect(user.exec).toMatchObject({
        command: process.execPath, args: ["token"], env: [{ name: "REGION", value: "x-1" }], interactiveMode: "Never",
    });
});

describe("the program that gets credentials", () => {
    let directory: string;
    const helper: Helper = { command: "cloudlogin", args: ["whoami"], install: "Install it so.", login: "Log in so." };
    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
        vi.stubEnv("PATH", directory);
        vi.stubEnv("LANDFALL_RENDER", undefined);
        vi.stubEnv("LANDFALL_PLACEHOLDERS", "1");
    });
    afterEach(() => {
        vi.unstubAllEnvs();
        fs.rmSync(directory, { recursive: true });
    });
    const install = (body: string) => {
        fs.writeFileSync(path.join(directory, "cloudlogin"), `#!${process.execPath}\n${body}\n`, { mode: 0o755 });
    };
    // Windows starts no script without its interpreter.
    const scripts = it.runIf(process.platform !== "win32");

    it("is asked for by name where it is missing, with what to install", () => {
        expect(() => requireHelper(helper)).toThrow("The program \"cloudlogin\" was not found on PATH; the cluster's " +
            "credentials come from it.\nInstall it so.\nNothing was changed.");
    });

    scripts("says what it said where it has no credentials, and how to log in", () => {
        install("console.error('token expired'); process.exit(3)");
        expect(() => requireHelper(helper)).toThrow(
            "\"cloudlogin whoami\" did not succeed: token expired\nLog in so.\nNothing was changed.");
    });

    scripts("passes where it has them, and gets each argument as it is", () => {
        install("process.exit(process.argv[2] === 'a b' ? 0 : 1)");
        expect(() => requireHelper({ ...helper, args: ["a b"] })).not.toThrow();
    });

    it("is not needed where the program is only rendered", () => {
        vi.stubEnv("LANDFALL_RENDER", "1");
        expect(() => requireHelper(helper)).not.toThrow();
    });
});
