import * as fs from "node:fs";
import * as path from "node:path";
import { createRequire } from "node:module";
import type * as pulumi from "@pulumi/pulumi";
import { require as load } from "tsx/cjs/api";
import { expect, it } from "vitest";
import type { Gateway } from "../../components/platform";
import type { Environment } from "../../components/workload";
import { readStackConfig } from "../../infra/cli/stack-config";
import { captureProgram } from "../../infra/offline/engine/capture";
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
    const named = [...readme.matchAll(/npm (?:run )?([a-z0-9:]+)/g)].map(match => match[1]).filter(name => name !== "ci");
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter(name => !(name in scripts))).toEqual([]);
});

it("shows an application that works: its pods, its policies and its route are as for the example's", async () => {
    const code = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? "";
    const directory = fs.mkdtempSync(path.join(__dirname, "readme-"));
    try {
        const file = path.join(directory, "counter.ts");
        fs.writeFileSync(file, code.replace(/"\.\.\/components\//g, '"../../../components/'));
        // As the engines load a program, so that there is one copy of each module.
        const { Counter } = load(file, __filename) as CounterModule;
        const { createCluster } = load("../../components/cluster", __filename) as ClusterModule;
        const { loadManifests, Platform } = load("../../components/platform", __filename) as PlatformModule;
        const workload = load("../../components/workload", __filename) as WorkloadModule;
        const { config } = readStackConfig(path.join(root, "Pulumi.dev.yaml"));
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
    } finally {
        fs.rmSync(directory, { recursive: true, force: true });
    }
});
