import * as fs from "node:fs";
import * as path from "node:path";
import { createRequire } from "node:module";
import type * as pulumi from "@pulumi/pulumi";
import { require as load } from "tsx/cjs/api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Gateway } from "../../components/platform";
import type { Environment } from "../../components/workload";
import { readStackConfig } from "../../infra/cli/stack-config";
import { captureProgram } from "../../infra/cli/capture";
import { object, objects, pods } from "./support/program";

type CounterArgs = { environment: Environment; gateway: Gateway; host: string };
type ClusterModule = typeof import("../../components/cluster");
type PlatformModule = typeof import("../../components/platform");
type WorkloadModule = typeof import("../../components/workload");
type CounterModule = { Counter: new (name: string, args: CounterArgs) => pulumi.ComponentResource };

const root = path.resolve(__dirname, "../..");
const readme = fs.readFileSync(path.join(root, "README.md"), "utf8");

it("names only files that are there", () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(match => match[1]);
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter(link => !fs.existsSync(path.join(root, link)))).toEqual([]);
});

it("names only npm scripts that are there", () => {
    const { scripts } = createRequire(__filename)(path.join(root, "package.json")) as { scripts: Record<string, string> };
    const named = [...readme.matchAll(/npm (?:run (?:-s )?)?([a-z0-9:-]+)/g)].map(match => match[1]).filter(name => name !== "ci");
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter(name => !(name in scripts))).toEqual([]);
});

describe("shows an application that works", () => {
    const [code, lines] = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block);
    let directory: string;
    beforeAll(() => {
        directory = fs.mkdtempSync(path.join(__dirname, "readme-"));
        // Its image has no directory here.
        write("counter.ts", code.replace("infra/images/counter", "infra/images/web"));
    });
    afterAll(() => fs.rmSync(directory, { recursive: true }));

    const write = (name: string, text: string): string => {
        const file = path.join(directory, name);
        fs.writeFileSync(file, text.replace(/"\.\.\/components\//g, '"../../../components/').replace(/"\.\/(?!counter")/g, '"../../../infra/')
            .replace('"../components"', '"../../../components"'));
        return file;
    };
    const { config } = readStackConfig(path.join(root, "Pulumi.dev.yaml"));

    it("its pods, its policies and its route are as for the example's", async () => {
        // As Pulumi loads a program, so that there is one copy of each module.
        const { Counter } = load(path.join(directory, "counter.ts"), __filename) as CounterModule;
        const { createCluster } = load("../../components/cluster", __filename) as ClusterModule;
        const { loadManifests, Platform } = load("../../components/platform", __filename) as PlatformModule;
        const workload = load("../../components/workload", __filename) as WorkloadModule;
        const { resources } = await captureProgram({ stack: "dev", config, program: async () => {
            const cluster = createCluster({ target: "kind", name: "counter", nodes: 1, image: "node", http: 80, https: 443 });
            const hosts = ["counter.localhost"];
            const { gateway } = new Platform("platform", { cluster, manifests: await loadManifests(), hosts });
            const quota = { cpu: "8", memory: "8Gi", storage: "8Gi", pods: 20 };
            const environment = new workload.Environment("environment", { cluster, namespace: "test", volumes: "delete", quota });
            new Counter("counter", { environment, gateway, host: "counter.localhost" });
        } });
        expect(pods(resources).map(pod => pod.owner)).toEqual(expect.arrayContaining(
            ["Deployment/counter", "StatefulSet/database"]));
        expect(objects(resources, "NetworkPolicy").map(policy => policy.metadata.name)).toEqual(expect.arrayContaining(
            ["counter-to-database-ingress", "counter-to-database-egress", "envoy-to-counter-ingress"]));
        expect(object(resources, "HTTPRoute", "counter").spec.hostnames).toEqual(["counter.localhost"]);
    });

    it("in place of WordPress by the two lines that are named", async () => {
        const [imported, made] = lines.split("// …\n");
        const program = fs.readFileSync(path.join(root, "infra/index.ts"), "utf8")
            .replace(/^import \{ WordPress \}.*\n/m, imported).replace(/^ *const app = new WordPress.*\n/m, made);
        expect(program).not.toContain("WordPress");
        const main = load(write("index.ts", program), __filename) as () => Promise<Record<string, unknown>>;
        const { resources, outputs } = await captureProgram({ stack: "dev", config, program: main });
        expect(outputs.address).toBe("https://wordpress.localhost:8443");
        expect(pods(resources).map(pod => pod.owner)).toContain("Deployment/counter");
        expect(pods(resources).map(pod => pod.owner)).not.toContain("Deployment/web");
    });
});
