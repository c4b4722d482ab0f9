import "tsx/cjs"; // createCluster loads the target by `require`
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as yaml from "yaml";
import { createCluster } from "../../../../../components/cluster";
import { type ExistingArgs, type KubeconfigSource, readKubeconfig } from "../../../../../components/cluster/existing";
import { identify, parseKubeconfig, readFiles, scopeKubeconfig } from "../../../../../components/cluster/existing/kubeconfig";
import { runProgram } from "../../../../../infra/cli/capture/program";
import type { Values } from "../../../../../infra/values";
import { captureCluster } from "../../../support/cluster";

let directory: string;
beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
    vi.stubEnv("LANDFALL_RENDER", undefined);
    vi.stubEnv("LANDFALL_PLACEHOLDERS", "1");
    vi.stubEnv("KUBECONFIG", path.join(directory, "ambient"));
});
afterEach(() => {
    vi.unstubAllEnvs();
    fs.rmSync(directory, { recursive: true });
});

interface Entries {
    current?: string;
    cluster?: object;
    user?: object;
}

/** Writes a kubeconfig with the contexts, each with a cluster and a user of its own. */
function write(file: string, contexts: string[], { current = contexts[0], cluster, user }: Entries = {}): string {
    const full = path.join(directory, file);
    fs.writeFileSync(full, yaml.stringify({
        "current-context": current,
        contexts: contexts.map(name => ({ name, context: { cluster: name, user: name } })),
        clusters: contexts.map(name => ({ name, cluster: { server: `https://${name}.example.com:6443`, ...cluster } })),
        users: contexts.map(name => ({ name, user: { token: `token-of-${name}`, ...user } })),
    }));
    return full;
}

async function run(args: ExistingArgs) {
    const { cluster, resources, find } = await captureCluster({ target: "existing", ...args });
    return { cluster, provider: find("cluster-provider"), resources };
}

describe("an existing cluster", () => {
    test("is reached by one context of the file, and by no other credentials", async () => {
        write("ambient", ["ambient"]);
        const { cluster, provider } = await run({ kubeconfig: write("own config", ["a", "b"]), context: "b" });
        expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
        expect(provider.secrets).toEqual(["kubeconfig"]);
        const text = String(provider.inputs.kubeconfig);
        expect(text).toContain("token-of-b");
        expect(text).not.toMatch(/token-of-a|ambient/);
        expect(cluster.deletedWith).toBeUndefined();
    });

    test("keeps its identity when its credentials are renewed, and has another than any other cluster", async () => {
        const identity = async (user: object, context = "a"): Promise<unknown> =>
            (await run({ kubeconfig: write("k", ["a", "b"], { user }), context })).provider.inputs.clusterIdentifier;
        const first = await identity({ token: "old" });
        expect(await identity({ token: "new" })).toBe(first);
        expect(await identity({}, "b")).not.toBe(first);
    });

    test("is looked for where kubectl looks, if only a context is named", async () => {
        const files = [write("one", ["a"]), write("two", ["b"])];
        vi.stubEnv("KUBECONFIG", files.join(path.delimiter));
        expect((await run({ context: "b" })).provider.inputs.kubeconfig).toContain("token-of-b");
    });

    test.each<[string, (file: string) => ExistingArgs, RegExp]>([
        ["file", () => ({ kubeconfig: "/nowhere/config" }), /kubeconfig \S*[\\/]nowhere[\\/]config can't be read/],
        ["context", kubeconfig => ({ kubeconfig, context: "c" }), /no context "c". Its contexts are: a, b./],
    ])("that is not there by its %s is an error for people", async (_, args, message) => {
        const error = await run(args(write("k", ["a", "b"]))).catch((thrown: unknown) => thrown);
        expect(pulumi.RunError.isInstance(error)).toBe(true);
        expect((error as Error).message).toMatch(message);
    });

    test("is not looked for when the program is only rendered", async () => {
        vi.stubEnv("LANDFALL_RENDER", "1");
        for (const args of [{ kubeconfig: "/nowhere/config" }, { stack: "acme/clusters/prod" }]) {
            const { provider, resources } = await run(args);
            expect(provider.inputs.kubeconfig).toContain("https://kubernetes.invalid");
            expect(resources.map(({ type }) => type)).not.toContain("pulumi:pulumi:StackReference");
        }
    });

    test("says how its images are had only where images are built", async () => {
        const kubeconfig = write("k", ["a"]);
        const { cluster } = await run({ kubeconfig });
        expect(cluster.capabilities.metrics).toBe("builtin");
        expect(() => JSON.stringify(cluster.capabilities)).not.toThrow();
        expect(() => cluster.capabilities.images).toThrow(/name a registry.*registry: ghcr.io\/example/);
        const pushing = (await run({ kubeconfig, registry: "ghcr.io/acme" })).cluster;
        expect(pushing.capabilities.images).toEqual({ method: "push", registry: "ghcr.io/acme" });
    });

    test("has metrics of its own, or gets them, by what is there and by what someone says", async () => {
        const kubeconfig = write("k", ["a"]);
        const metrics = async (args: ExistingArgs) => (await run({ kubeconfig, ...args })).cluster.capabilities.metrics;
        expect(await metrics({ present: {} })).toBe("install");
        expect(await metrics({ present: { metrics: {} } })).toBe("builtin");
        expect(await metrics({ present: {}, metrics: "builtin" })).toBe("builtin");
        expect(await metrics({ present: { metrics: {} }, metrics: "install" })).toBe("install");
    });

    test("has a load balancer, or ports of its nodes", async () => {
        const kubeconfig = write("k", ["a"]);
        const how = async (args: ExistingArgs) =>
            (await run({ kubeconfig, ...args })).cluster.capabilities.loadBalancing;
        expect(await how({})).toEqual({ type: "LoadBalancer", drainSeconds: 90, seesClients: true });
        expect(await how({ loadBalancer: "NodePort", host: "node1", http: 31080 })).toEqual({
            type: "NodePort", drainSeconds: 5, seesClients: false, host: "node1", http: 31080, https: 30443, publishedHttps: 30443,
        });
        const own = { loadBalancerAnnotations: { "example.com/scheme": "internal" }, loadBalancerClass: "example.com/internal" };
        expect(await how(own)).toMatchObject({ annotations: own.loadBalancerAnnotations, loadBalancerClass: own.loadBalancerClass });
    });
});

describe("a kubeconfig from another stack", () => {
    test("is read by its output, as an object too, and stays secret", async () => {
        const output = yaml.parse(fs.readFileSync(write("k", ["a"]), "utf8")) as object;
        await pulumi.runtime.setMocks({
            call: ({ inputs }) => inputs,
            newResource: ({ type, name, inputs }) => ({
                id: name,
                state: type === "pulumi:pulumi:StackReference"
                    ? { ...inputs, outputs: { admin: output }, secretOutputNames: ["admin"] }
                    : inputs,
            }),
        });
        const cluster = createCluster({ target: "existing", stack: "acme/clusters/prod", output: "admin" });
        const text = await new Promise<string>(resolve => cluster.kubeconfig.apply(resolve));
        expect(text).toContain("https://a.example.com:6443");
        expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
    });

    test("must not name files", () => {
        const text = fs.readFileSync(write("k", ["a"], { cluster: { "certificate-authority": "ca.crt" } }), "utf8");
        expect(() => scopeKubeconfig(parseKubeconfig(text, "The output"))).toThrow(
            /The output names the file ca.crt, which is not on this computer/);
    });
});

describe("a kubeconfig that is read at once", () => {
    const outputs: Record<string, Values> = { "organization/landfall/dev": {}, "organization/landfall/empty": {} };

    /** Reads it in a program whose engine knows these stacks. */
    async function read(source: KubeconfigSource): Promise<string | undefined> {
        let found: string | undefined;
        vi.stubEnv("LANDFALL_PLACEHOLDERS", undefined);
        await runProgram({ stack: "uat", config: {}, program: async () => { found = await readKubeconfig(source); } }, {
            register: ({ name, inputs }) => ({ id: name, outputs: inputs }),
            read: id => ({ id, outputs: {} }),
            invoke: (_, { name }) => ({ outputs: outputs[name as string] }),
        });
        return found;
    }

    test("is the one that the provider gets, from a file and from another stack", async () => {
        const kubeconfig = write("k", ["a", "b"]);
        const { provider } = await run({ kubeconfig, context: "b" });
        expect(await read({ kubeconfig, context: "b" })).toBe(provider.inputs.kubeconfig);
        outputs["organization/landfall/dev"] = { kubeconfig: fs.readFileSync(kubeconfig, "utf8"), admin: yaml.parse(fs.readFileSync(kubeconfig, "utf8")) as Values };
        const stack = "organization/landfall/dev";
        expect(await read({ stack, context: "b" })).toBe(provider.inputs.kubeconfig);
        expect(await read({ stack, context: "b", output: "admin" })).toBe(provider.inputs.kubeconfig);
    });

    test.each<[string, KubeconfigSource, RegExp]>([
        ["its output", { stack: "organization/landfall/empty" }, /landfall\/empty.*has no output "kubeconfig". Bring it up first/],
        ["the file", { kubeconfig: "/nowhere/config" }, /kubeconfig \S*[\\/]nowhere[\\/]config can't be read/],
    ])("says that %s is missing", async (_, source, message) => {
        await expect(read(source)).rejects.toThrow(message);
    });

    test("isn't looked for when the program is only rendered", async () => {
        vi.stubEnv("LANDFALL_RENDER", "1");
        expect(await readKubeconfig({ kubeconfig: "/nowhere/config" })).toBeUndefined();
    });
});

describe("a scoped kubeconfig", () => {
    test("has in it the files that it names, found from where it lies", () => {
        fs.writeFileSync(path.join(directory, "ca.crt"), "authority");
        const file = write("k", ["a"], { cluster: { "certificate-authority": "ca.crt" } });
        const scoped = scopeKubeconfig(readFiles([file]));
        expect(scoped).toContain(`certificate-authority-data: ${Buffer.from("authority").toString("base64")}`);
        expect(scoped).not.toContain("ca.crt");
    });

    test("says at once which program for credentials is missing, and where to get it", () => {
        const scope = (exec: object) => (): string =>
            scopeKubeconfig(readFiles([write("k", ["a"], { user: { exec } })]));
        expect(scope({ command: "no-such-helper", installHint: "Get it at example.com." }))
            .toThrow(/"no-such-helper".*not found on PATH. Get it at example.com/);
        expect(scope({ command: "node" })).not.toThrow();
    });

    test.each<[string, string, RegExp]>([
        ["no kubeconfig", "just text", /is not a kubeconfig/],
        ["not YAML", "a: b: c", /is not valid YAML/],
        ["without a current context", "contexts: []", /has no current context.*Its contexts are: none/],
        ["with a context of a missing cluster", "contexts: [{ name: a, context: { cluster: x, user: y } }]\n" +
            "current-context: a\nusers: [{ name: y }]", /the cluster "x" of the context "a" is missing/],
    ])("can't be made of what is %s", (_, text, message) => {
        expect(() => scopeKubeconfig(parseKubeconfig(text, "It"))).toThrow(message);
    });

    test("at an address of this computer is recognized by its authority too, because tomorrow another cluster may answer there", () => {
        const identity = (server: string, authority: string): string =>
            identify(yaml.stringify({ clusters: [{ cluster: { server, "certificate-authority-data": authority } }] }));
        expect(identity("https://127.0.0.1:6443", "x")).not.toBe(identity("https://127.0.0.1:6443", "y"));
        expect(identity("https://a.example.com", "x")).toBe(identity("https://a.example.com", "y"));
        expect(identity("https://a.example.com", "x")).not.toBe(identity("https://b.example.com", "x"));
    });
});
