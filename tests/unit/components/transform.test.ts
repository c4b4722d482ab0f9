import "tsx/cjs"; // createCluster loads the target by `require`
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { type ClusterArgs, createCluster } from "../../../components/cluster";
import { loadManifestsAtOnce } from "../../../components/platform/manifests";
import { Certificates } from "../../../components/platform/cert-manager";
import { defaultTraffic, Gateway, Platform, SharedPlatform } from "../../../components/platform";
import { gatewayLimits } from "../../../components/platform/gateway/limits";
import type { Transform } from "../../../components/transform";
import { Activator, ContainerImage, Database, Environment, Job, ScheduledTask, StatefulService, WebService, Worker } from "../../../components/workload";
import { captureProgram, type Registered } from "../../../infra/cli/capture";
import { readStackConfig } from "../../../infra/cli/stack/config";
import { parseConfiguration, parseSettings, type PlainSettings } from "../../../infra/config";
import { Services } from "../../../infra/services";
import { WordPress } from "../../../infra/wordpress";
import { services, wordPress } from "../support/application";

const root = path.resolve(__dirname, "../../..");

/** Settings of one of the committed stacks. */
function settingsOf(stack: string) {
    return parseConfiguration(readStackConfig(path.join(root, `Pulumi.${stack}.yaml`)), stack) as PlainSettings;
}

const existing = () => createCluster({ target: "existing", storageClass: "fast", registry: "example.org/shop" });
const newEnvironment = () => new Environment("around", { cluster: existing(), namespace: "around" });
const newCluster = (stack: string) => (transform: Transform) => void createCluster(settingsOf(stack).cluster as ClusterArgs, { name: "it", transform });
const image = "example.org/shop:3";

/** Creates each component under the name `it`, with a transform. */
const components: Record<string, (transform: Transform) => void> = {
    Kind: newCluster("dev"),
    Minikube: newCluster("minikube"),
    Existing: transform => void createCluster({ target: "existing", registry: "example.org/shop" }, { name: "it", transform }),
    BareMetal: newCluster("server"),
    Eks: newCluster("eks"),
    Gke: newCluster("gke"),
    Aks: newCluster("aks"),
    Platform: transform => void new Platform("it", { cluster: existing(), hosts: ["shop.example.com"], transform }),
    Gateway: transform => void new Gateway("it", { cluster: existing(), manifests: loadManifestsAtOnce({ metallb: false }), certificates: [], transform }),
    Certificates: transform => {
        const cluster = existing();
        const manifests = loadManifestsAtOnce({ metallb: false });
        const gateway = new Gateway("gateway", { cluster, manifests, certificates: [] });
        new Certificates("it", { cluster, gateway, definitions: manifests.certManager, hosts: ["shop.example.com"], tls: { issuer: "ca" }, transform });
    },
    SharedPlatform: transform => void new SharedPlatform("it", {
        cluster: existing(), environment: "shop", hosts: ["shop.example.com"], transform,
        found: {
            format: 1, version: "0.2.0", stack: "landfall/dev", issuers: ["ca"], endpoint: "", gateway: "uid", certificates: "uid",
            limits: gatewayLimits(defaultTraffic, 5),
            capabilities: { loadBalancing: { type: "LoadBalancer", drainSeconds: 5, seesClients: true }, apiServerPorts: [], networkPolicy: "unknown" },
        },
    }),
    Environment: transform => void new Environment("it", { cluster: existing(), namespace: "shop", transform }),
    Database: transform => void new Database("it", { environment: newEnvironment(), database: "shop", transform }),
    ContainerImage: transform => void new ContainerImage("it", { cluster: existing(), context: "infra/images/web", transform }),
    WebService: transform => {
        const environment = newEnvironment();
        new WebService("it", {
            environment, image, port: 3000, env: { COLOUR: "green" }, secretFiles: { "/etc/shop": { key: "k" } },
            volumes: { "/files": { name: "files", size: "1Gi", accessMode: "ReadWriteOnce" } },
            reaches: [{ name: "mail", port: 587, networks: ["public"] }], transform,
        });
    },
    ScheduledTask: transform => void new ScheduledTask("it", {
        environment: newEnvironment(), image, command: ["true"], schedule: "5 4 * * 0", env: { COLOUR: "green" }, transform,
    }),
    Job: transform => void new Job("it", { environment: newEnvironment(), image, command: ["migrate"], env: { COLOUR: "green" }, transform }),
    Worker: transform => void new Worker("it", {
        environment: newEnvironment(), image, env: { COLOUR: "green" }, secretEnv: { TOKEN: "t" }, transform,
    }),
    StatefulService: transform => void new StatefulService("it", {
        environment: newEnvironment(), image, port: 6379, volumes: { "/data": { name: "data", size: "1Gi" } }, transform,
    }),
    Activator: transform => {
        const cluster = existing();
        const environment = new Environment("around", { cluster, namespace: "around", sleepAfter: 60 });
        const gateway = new Gateway("gateway", { cluster, manifests: loadManifestsAtOnce({ metallb: false }), certificates: [] });
        new WebService("web", { environment, image, port: 3000, exposed: { gateway, host: "shop.example.com" } });
        new Activator("it", { environment, transform });
    },
    Services: transform => {
        const settings = parseSettings({
            cluster: { target: "kind" }, app: { type: "services", services: { web: { image, port: 8080, exposed: true, database: true } } },
        }, "dev");
        const cluster = createCluster(settings.cluster);
        const environment = new Environment("around", { cluster, namespace: "shop" });
        const gateway = new Gateway("gateway", { cluster, manifests: loadManifestsAtOnce({ metallb: false }), certificates: [] });
        new Services("it", { settings: { ...settings, app: services(settings), secrets: {} }, environment, gateway, transform });
    },
    WordPress: transform => {
        const settings = settingsOf("dev");
        const cluster = createCluster(settings.cluster);
        const environment = new Environment("around", { cluster, namespace: "shop" });
        const gateway = new Gateway("gateway", { cluster, manifests: loadManifestsAtOnce({ metallb: false }), certificates: [] });
        new WordPress("it", { settings: { ...settings, app: wordPress(settings), adminPassword: undefined, mailPassword: undefined }, environment, gateway, transform });
    },
};

/** Has no resources that a transform could change. */
const withoutResources = ["ReleaseRecord"];

/** The classes of components in the source. */
function componentClasses(): string[] {
    return ["components", "infra"].flatMap(folder => fs.readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
        .filter(file => file.endsWith(".ts"))
        .flatMap(file => [...fs.readFileSync(path.join(root, folder, file), "utf8").matchAll(/\bclass (\w+) extends pulumi\.ComponentResource/g)])
        .map(([, name]) => name));
}

/** Whether the resource is the component `it` or below it. */
function isBelow({ parent, urn }: Registered, resources: Registered[]): boolean {
    const above = resources.find(resource => resource.urn === parent);
    return urn.endsWith("::it") || (above !== undefined && isBelow(above, resources));
}

describe("transform", () => {
    it("is tried on every class of component", () => {
        expect(Object.keys(components).sort()).toEqual(componentClasses().filter(name => !withoutResources.includes(name)).sort());
    });

    it.each(Object.entries(components))("has the last word on every resource of %s, and on no other", async (_, create) => {
        const seen: string[] = [];
        const { resources } = await captureProgram({ stack: "prod", config: {}, program: async () => create((args, { type, name }) => {
            seen.push(`${type} ${name}`);
            return { ...args, marked: "yes" };
        }) });
        const custom = resources.filter(resource => resource.custom);
        const names = (some: Registered[]): string[] => some.map(({ type, name }) => `${type} ${name}`).sort();
        const below = custom.filter(resource => isBelow(resource, resources));
        expect(below.length).toBeGreaterThan(0);
        expect(names(custom.filter(({ inputs }) => inputs.marked === "yes"))).toEqual(names(below));
        expect(seen.sort()).toEqual(names(below));
    });
});
