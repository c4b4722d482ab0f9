import "tsx/cjs"; // createCluster loads the target by `require`
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import lock from "../../../package-lock.json";
import { upgradesFrom, version } from "../../../package.json";
import { runProgram } from "../../../infra/cli/capture/program";
import { checkRelease, recordedRelease, releaseProblem, stackRelease } from "../../../components/release";
import { createCluster } from "../../../infra/library/cluster";
import type { Values } from "../../../infra/values";
import { KubernetesApi, kubeconfigFor } from "../fixtures/kubernetes-api";

afterEach(() => {
    vi.unstubAllEnvs();
});

describe("a version", () => {
    const release = { version: "0.4.1", upgradesFrom: "0.2.0", howToGet: stackRelease.howToGet };

    test.each(["0.2.0", "0.3.7", "0.4.0", "0.4.1", "0.4.2"])("upgrades a stack of %s", standing => {
        expect(releaseProblem(standing, release)).toBeUndefined();
    });

    test.each(["0.5.0", "1.0.0", "0.10.0"])("is too old for %s, and says which to use", standing => {
        const problem = releaseProblem(standing, release);
        expect(problem).toContain(`by Landfall ${standing}; this is 0.4.1`);
        expect(problem).toContain(`git switch --detach v${standing}`);
    });

    test.each(["0.1.0", "0.1.99"])("refuses a stack of %s, and says which it upgrades", standing => {
        expect(releaseProblem(standing, release)).toMatch(/0\.2\.0 or newer\.\n.*CHANGELOG\.md/);
    });
});

describe("a run", () => {
    /** Runs a program that checks and then makes something, of a stack with these outputs. */
    async function run(outputs: Record<string, string>): Promise<{ made: string[]; message?: string }> {
        vi.stubEnv("LANDFALL_RENDER", "");
        vi.stubEnv("LANDFALL_PLACEHOLDERS", "");
        const made: string[] = [];
        const program = async () => {
            await checkRelease(stackRelease);
            new pulumi.ComponentResource("test:index:Made", "made");
        };
        const message = await runProgram({ stack: "prod", config: {}, preview: true, program }, {
            register: ({ name, inputs }) => {
                if (name === "made") made.push(name);
                return { id: name, outputs: inputs };
            },
            read: id => ({ id, outputs: {} }),
            invoke: () => ({ outputs }),
        }).then(() => undefined, (error: Error) => error.message);
        return { made, message };
    }

    test.each<[string, Record<string, string>]>([
        ["has never ended", {}],
        ["was applied by this version", { version, address: "https://www.example.com" }],
        ["was applied before stacks named their version", { address: "https://www.example.com" }],
    ])("of a stack that %s goes on", async (_, outputs) => {
        expect(await run(outputs)).toEqual({ made: ["made"] });
    });

    test("of a stack that a newer version has applied is refused in the preview, before anything is registered", async () => {
        const { made, message } = await run({ version: "99.0.0" });
        expect(made).toEqual([]);
        expect(message).toContain(`The stack "prod" was last applied by Landfall 99.0.0; this is ${version}`);
        expect(message).toContain("Nothing was changed.");
    });
});

describe("a program with the library", () => {
    const record = (name: string, version: string) => ({
        [`urn:pulumi:prod::shop::landfall:cluster:Kind$landfall:cluster:Release::${name}`]: { type: "landfall:cluster:Release", outputs: { version } },
    });

    /** Previews one, of a stack that has these outputs and in whose state are these resources. */
    async function preview(outputs: object, resources: object): Promise<{ registered: string[]; message?: string }> {
        const registered: string[] = [];
        const program = async () => {
            createCluster({ target: "existing", kubeconfig, registry: "example.org/shop" }, { name: "main" });
        };
        vi.stubEnv("LANDFALL_RENDER", "");
        vi.stubEnv("LANDFALL_PLACEHOLDERS", "");
        const message = await runProgram({ stack: "prod", config: {}, preview: true, program }, {
            register: ({ type, name, inputs }) => {
                registered.push(`${type} ${name}`);
                return { id: name, outputs: inputs };
            },
            read: id => ({ id, outputs: {} }),
            invoke: token => ({ outputs: (token.endsWith("readStackOutputs") ? outputs : resources) as Values }),
        }).then(() => undefined, (error: Error) => error.message);
        if (message !== undefined) await new Promise(resolve => setTimeout(resolve, 50));
        return { registered: registered.filter(name => !name.startsWith("pulumi:pulumi:Stack")), message };
    }

    const api = new KubernetesApi();
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-release-"));
    const kubeconfig = path.join(directory, "kubeconfig");
    const ignore = (): void => undefined; // what waits for a refused component is refused a little later
    beforeAll(async () => {
        fs.writeFileSync(kubeconfig, kubeconfigFor(await api.start()));
        process.on("unhandledRejection", ignore);
    });
    afterAll(async () => {
        process.off("unhandledRejection", ignore);
        await api.stop();
        fs.rmSync(directory, { recursive: true });
    });

    test.each<[string, object, object]>([
        ["has never ended", {}, {}],
        ["was applied by this version", { version: "77.0.0" }, record("main-release", version)],
        ["has an output version of its own, and no record", { version: "77.0.0" }, {}],
    ])("goes on if its stack %s, and records this version", async (_, outputs, resources) => {
        const { registered, message } = await preview(outputs, resources);
        expect(message).toBeUndefined();
        expect(registered).toContain("landfall:cluster:Release main-release");
        expect(registered).toContain("landfall:cluster:Existing main");
    });

    test.each<[string, object, string]>([
        ["newer", record("main-release", "83.4.0"), "Landfall 83.4.0; this is"],
        ["newer of two", { ...record("main-release", "9.2.0"), ...record("other-release", "10.1.0") }, "Landfall 10.1.0; this is"],
        ["too old", record("main-release", "0.0.9"), `upgrades stacks of ${upgradesFrom} or newer`],
    ])("is refused in the preview, before anything is registered, if the applied version is the %s", async (_, resources, expected) => {
        const { registered, message } = await preview({ address: "https://shop.example.com" }, resources);
        expect(message).toContain(expected);
        expect(message).toContain("Nothing was changed.");
        expect(message).not.toContain("git switch");
        expect(registered).toEqual([]);
    });

    test("says where a newer version comes from", () => {
        expect(recordedRelease.howToGet("83.4.0")).toBe("Install the package of 83.4.0 or newer.");
    });
});

test("the changelog begins with this version, and says of each which stacks it upgrades", () => {
    const text = fs.readFileSync(path.resolve(__dirname, "../../../CHANGELOG.md"), "utf8").replaceAll("\r\n", "\n");
    const sections = text.split(/^## /m).slice(1);
    const described = sections.map(section => [
        /^\d+\.\d+\.\d+/.exec(section)?.[0], /^Upgrades stacks of (\d+\.\d+\.\d+)/m.exec(section)?.[1],
    ]);
    expect(described[0]).toEqual([version, upgradesFrom]);
    expect(described.slice(1, -1).flat()).not.toContain(undefined); // the first version has none before it
    expect([lock.version, lock.packages[""].version]).toEqual([version, version]);
});
