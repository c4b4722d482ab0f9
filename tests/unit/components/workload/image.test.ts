import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as kubernetes from "@pulumi/kubernetes";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Cluster } from "../../../../components/cluster/cluster";
import lock from "../../../../components/images.lock.json";
import { images, imagesDate, imageTags } from "../../../../components/versions";
import { activatorImageContext } from "../../../../components/workload/activator";
import { databaseImageContext } from "../../../../components/workload/database";
import { ContainerImage } from "../../../../components/workload/image";
import { describeUpdate, ImagesLock, updateLock } from "../../../../infra/cli/update-images";
import { parseSettings } from "../../../../infra/config";
import { captureProgram, type Registered } from "../../../../infra/cli/capture";
import { pods, runStack } from "../../support/program";

const byDigest = /^[^@]+:[\w][\w.-]*@sha256:[0-9a-f]{64}$/;

/** Those whose digest nobody has looked up yet: `npm run update-images` does, on an open network. */
const unpinned: string[] = [imageTags.contour, imageTags.logStore, imageTags.logCollector];

/** References of all images in the pods, and in the settings from which controllers make pods. */
function references(resources: Registered[]): string[] {
    const inPods = pods(resources).flatMap(({ spec }) => [...spec.initContainers ?? [], ...spec.containers])
        .map(({ image }) => image);
    const maps = resources.filter(({ type }) => type === "kubernetes:core/v1:ConfigMap").map(({ inputs }) => JSON.stringify(inputs));
    const inSettings = maps.flatMap(text => [...text.matchAll(/\\"(?:image|solverImage)\\":\\"([^"\\]+)/g)].map(match => match[1]));
    return [...new Set([...inPods, ...inSettings])];
}

const others = (resources: Registered[]) => references(resources).filter(image => !image.startsWith("landfall.local/"));
const kit = { target: "kind", nodes: 2, image: "landfall/kind-node:v1.36.4-0123456789ab" };
const server = { target: "baremetal", nodes: { server: { host: "203.0.113.11" } } };

describe("other projects' images", () => {
    it("are looked for where a controller makes the pod, too", async () => {
        expect(others(await runStack("server"))).toEqual(expect.arrayContaining([images.certManagerSolver, images.busybox]));
    });

    it.each(["dev", "minikube", "prod", "eks", "gke", "aks"])("are named by digest in the stack %s", async stack => {
        const found = others(await runStack(stack));
        expect(found.length).toBeGreaterThan(4);
        expect(found.filter(image => !byDigest.test(image)).filter(image => !unpinned.includes(image))).toEqual([]);
    });

    it.each([
        ["a node image of the kit", "dev", kit],
        ["a bundle", "server", { ...server, bundle: "./bundle" }],
        ["a bundle and a pool of addresses", "server", { ...server, bundle: "./bundle", addressPool: ["203.0.113.20-203.0.113.29"] }],
    ])("are named by tag on nodes that have them from %s", async (_, stack, cluster) => {
        const found = others(await runStack(stack, { cluster }));
        const known = Object.values<string>(imageTags);
        expect(found.filter(image => !known.includes(image))).toEqual([]);
        expect(found.length).toBeGreaterThan(5);
    });

    it("of the user's choice keep their digest there", async () => {
        const image = `registry.example.com/web:1@sha256:${"a".repeat(64)}`;
        expect(references(await runStack("dev", { cluster: kit, app: { web: { image } } }))).toContain(image);
    });

    it("are all locked but those that are known not to be, and nothing else is", () => {
        const names = Object.values<string>(imageTags);
        expect(Object.keys(lock.digests)).toEqual(names.filter(name => !unpinned.includes(name)).sort());
        expect(Object.values(lock.digests).filter(digest => !/^sha256:[0-9a-f]{64}$/.test(digest))).toEqual([]);
        expect(new Set(Object.values(lock.digests)).size).toBe(Object.keys(lock.digests).length);
    });
});

describe("our own images", () => {
    interface BuildInputs { imageName: string; build: { args: Record<string, string> } }
    const delivery = { method: "load", script: "load.mjs", unload: "unload.mjs", environment: { CLUSTER_NAME: "one" } };
    const capture = async (app: object, imagesByTag = false, owner?: string): Promise<Registered[]> => {
        const capabilities = { images: delivery, imagesByTag };
        const { resources } = await captureProgram({
            stack: "test",
            config: {},
            program: async () => {
                const provider = new kubernetes.Provider("provider", { kubeconfig: "{}" });
                const cluster = { provider, capabilities } as unknown as Cluster;
                const { app: settings } = parseSettings({ cluster: { target: "kind" }, app }, "test");
                new ContainerImage("web", { cluster, context: "infra/images/web", owner, ...settings.images });
                return {};
            },
        });
        return resources;
    };
    const build = async (...args: Parameters<typeof capture>): Promise<BuildInputs> =>
        (await capture(...args)).find(({ type }) => type.startsWith("docker:"))?.inputs as unknown as BuildInputs;

    it("have names of their own if they belong to an environment, by which they leave the nodes", async () => {
        const { imageName } = await build({});
        const own = imageName.replace("/web:", "/branch-x_web:");
        const resources = await capture({}, false, "branch-x");
        expect(resources.find(({ type }) => type.startsWith("docker:"))?.inputs.imageName).toBe(own);
        const commands = resources.filter(({ type }) => type === "command:local:Command").map(({ name, inputs }) => [name, inputs.environment]);
        expect(commands).toEqual(expect.arrayContaining([
            ["web-load", { CLUSTER_NAME: "one", IMAGE: own }], ["web-removal", { CLUSTER_NAME: "one", REPOSITORY: "landfall.local/branch-x_web" }],
        ]));
        expect(resources.find(({ name }) => name === "web-removal")?.inputs).toMatchObject({ delete: expect.stringContaining("unload.mjs") });
        expect((await capture({})).map(({ name }) => name)).not.toContain("web-removal");
    });

    it("are built by the proxy of the environment, and are the same", async () => {
        const { imageName, build: { args } } = await build({});
        vi.stubEnv("LANDFALL_RENDER", undefined);
        vi.stubEnv("LANDFALL_PLACEHOLDERS", "1");
        vi.stubEnv("HTTPS_PROXY", "http://me:pass@proxy.example:3128");
        vi.stubEnv("NO_PROXY", ".example");
        try {
            const proxied = await build({});
            expect(proxied.imageName).toBe(imageName);
            // Windows has each variable under both names.
            const byUpperCase = Object.fromEntries(Object.entries(proxied.build.args).map(([name, value]) => [name.toUpperCase(), value]));
            expect(byUpperCase).toEqual({ ...args, NO_PROXY: ".example", HTTPS_PROXY: "http://me:pass@proxy.example:3128" });
        } finally {
            vi.unstubAllEnvs();
        }
    });

    const nameOf = async (app: object) => (await build(app)).imageName;

    it("have another tag with another date, which says it, and with another base", async () => {
        const before = await nameOf({});
        expect(before).toMatch(new RegExp(`^landfall\\.local/web:${imagesDate}-[0-9a-f]{12}$`));
        expect(await nameOf({ images: { date: "2026-11-05" } })).toBe(before.replace(imagesDate, "2026-11-05"));
        expect(await nameOf({ images: { base: "debian:13-slim" } })).not.toBe(before);
    });

    it("of a Dockerfile that the context doesn't hold, or ignores, have another tag when it changes", async () => {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-image-"));
        onTestFinished(() => fs.rmSync(directory, { recursive: true }));
        const context = path.join(directory, "app");
        fs.mkdirSync(context);
        fs.writeFileSync(path.join(context, ".dockerignore"), "Dockerfile*\n");
        const register = async (context: string, dockerfile: string): Promise<Registered[]> => {
            const services = { web: { build: { context, dockerfile }, port: 8080, exposed: true } };
            return (await captureProgram({ stack: "dev", config: {
                "landfall:cluster": '{"target":"kind"}', "landfall:environment": '{"name":"shop","host":"shop.localhost"}', "landfall:app": JSON.stringify({ type: "services", services }),
            }, secretKeys: [] })).resources;
        };
        const tagWith = async (dockerfile: string, content: string): Promise<string> => {
            fs.writeFileSync(path.join(context, dockerfile), content);
            const found = await register(context, dockerfile);
            return found.find(({ type, name }) => type === "docker:index/image:Image" && name === "web-image")!.inputs.imageName as string;
        };
        const missing = register(context, "Dockerfile.test");
        await expect(missing).rejects.toThrow(/The image web can't be built: there is no Dockerfile .*Dockerfile\.test\. Correct its path/);
        for (const dockerfile of ["Dockerfile.prod", "../Dockerfile"]) {
            expect(await tagWith(dockerfile, "FROM b"), dockerfile).not.toBe(await tagWith(dockerfile, "FROM a"));
        }
    });

    it("are built of the date, on the base by digest, or by tag where the network is closed", async () => {
        const app = { images: { date: "2026-11-05" } };
        const CREATED = "2026-11-05T00:00:00Z";
        expect((await build(app)).build.args).toEqual({ BASE_IMAGE: images.base, CREATED });
        expect((await build(app, true)).build.args).toEqual({ BASE_IMAGE: imageTags.base, CREATED });
        const own = { images: { ...app.images, base: "registry.example.com/debian:13-slim" } };
        expect((await build(own, true)).build.args).toEqual({ BASE_IMAGE: own.images.base, CREATED });
    });

    it.each(["infra/images/web", databaseImageContext, activatorImageContext])("of %s install no package in a layer that an earlier date has made", context => {
        const [, ...stages] = fs.readFileSync(path.join(context, "Dockerfile"), "utf8").split(/^FROM /m);
        const first = stages[0];
        // A layer is another when an argument above it is; stages that build on this one follow it.
        expect(first.indexOf("ARG CREATED")).toBeGreaterThan(0);
        expect(first.indexOf("ARG CREATED")).toBeLessThan(first.indexOf("RUN "));
        expect(first).toMatch(/^LABEL org\.opencontainers\.image\.created=\$\{CREATED\}$/m);
        expect(first).toMatch(/apt-get upgrade/);
        expect(stages.slice(1).filter(stage => !/^(runtime|\$\{BASE_IMAGE\})\b/.test(stage))).toEqual([]);
    });
});

describe("the date", () => {
    const kind = { target: "kind" };
    const dateOf = (date: unknown) => parseSettings({ cluster: kind, app: { images: { date } } }, "dev").app.images.date;
    const inDays = (days: number) => new Date(Date.now() + days * 24 * 60 * 60 * 1000).toISOString().slice(0, 10);

    it.each(["2026-11-05", "2024-02-29", inDays(0), inDays(1)])("%s is accepted", date => {
        expect(dateOf(date)).toBe(date);
    });

    it.each([
        "2026-02-29", "2026-13-01", "2026-11-00", "2026-11-31", "2026-1-5", "26-11-05", "20261105", "05.11.2026", "today", "",
        "2026-11-05T12:00:00Z", "2026-11-05T00:00:00Z", " 2026-11-05", "2026-11-05\n", inDays(2), "9999-12-31", 20261105, null, true,
    ])("%j is refused, with what to write", date => {
        expect(() => dateOf(date)).toThrow(/landfall:app\.images\.date [^]*allowed: a date "YYYY-MM-DD"[^]*example: /);
    });
});

describe("npm run update-images", () => {
    const old = lock as ImagesLock;
    const now = new Date("2027-03-01T23:30:00Z");
    const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
    const registry = (changes: Record<string, string | undefined> = {}) => async (image: string) =>
        image in changes ? changes[image] : old.digests[image] ?? digest("c");

    it("writes the day, what was missing, and where a moving tag is now", async () => {
        const found = await updateLock(old, now, registry({ [imageTags.base]: digest("b") }));
        const missing = Object.fromEntries(unpinned.map(image => [image, digest("c")]));
        const expected = { ...old.digests, ...missing, [imageTags.base]: digest("b") };
        expect(found).toEqual({ date: "2027-03-01", digests: expected });
        expect(describeUpdate(old, found)).toEqual([
            `date: ${old.date} → 2027-03-01`,
            `${imageTags.base}: ${old.digests[imageTags.base]} → ${digest("b")}`,
            ...[...unpinned].sort().map(image => `${image}: none → ${digest("c")}`),
        ]);
    });

    it("forgets what is no longer installed", async () => {
        const stale = { ...old, digests: { ...old.digests, "example.com/gone:1": digest("d") } };
        expect((await updateLock(stale, now, registry())).digests).not.toHaveProperty("example.com/gone:1");
    });

    it.each<[string, Record<string, string | undefined>, RegExp]>([
        ["a release has moved", { [imageTags.envoy]: digest("e") }, /envoy:distroless-\S+: the tag has moved from sha256:5743\S+ to sha256:eeee/],
        ["a tag is gone", { [imageTags.metricsServer]: undefined }, /metrics-server:v0\.9\.0: its registry has no such tag/],
    ])("refuses where %s", async (_, changes, message) => {
        await expect(updateLock(old, now, registry(changes))).rejects.toThrow(message);
    });

    it("refuses where a registry doesn't answer, and names all that is wrong", async () => {
        const failing = async (image: string) => {
            if (image.startsWith("quay.io/metallb/")) throw new Error("quay.io can't be reached");
            return old.digests[image];
        };
        await expect(updateLock(old, now, failing)).rejects.toThrow(
            /Nothing was changed\.[^]*contour[^]*controller:v0\.16\.1: quay\.io can't be reached[^]*speaker:v0\.16\.1: quay/);
    });
});
