import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Cluster, ImageDelivery } from "../../../../components/cluster/cluster";
import { deleteManifest, digestOf, tagsOf } from "../../../../components/registry";
import { ContainerImage } from "../../../../components/workload/image";
import { Registry } from "../../fixtures/registry";
import { type Provide, Runs } from "../../support/runs";

let directory: string;
let registry: Registry;
let runs: Runs;
/** All that the commands have printed. */
let printed: string;

beforeEach(() => {
    vi.stubEnv("LANDFALL_RENDER", undefined);
    runs = new Runs(provide);
    printed = "";
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-push-image-"));
    fs.mkdirSync(path.join(directory, "context"));
    fs.writeFileSync(path.join(directory, "context/Dockerfile"), "FROM scratch\n");
    fs.mkdirSync(path.join(directory, "bin"));
    fs.writeFileSync(path.join(directory, "bin/docker"), fakeDocker, { mode: 0o755 });
});

afterEach(async () => {
    vi.unstubAllEnvs();
    await registry.stop();
    fs.rmSync(directory, { recursive: true });
});

/**
 * Docker without a daemon: every build is another image, a push takes a manifest to the registry with the login of its
 * configuration, and KILL ends the program that runs the script once the push is through.
 */
const fakeDocker = `#!/usr/bin/env node
const fs = require("fs"), path = require("path"), crypto = require("crypto");
const home = path.dirname(__dirname), args = process.argv.slice(2);
const file = path.join(home, "image"), log = line => fs.appendFileSync(path.join(home, "log"), line + "\\n");
const { DOCKER_CONFIG: config, DOCKER_HOST: host } = process.env;
log(args.join(" ") + (process.env.REGISTRY_PASSWORD ? " KNOWS THE PASSWORD" : "") + (process.env.PULUMI_CONFIG_PASSPHRASE ? " KNOWS THE PASSPHRASE" : ""));
if (args[0] === "buildx") process.exit(1);
if (args[0] === "context") console.log("unix:///var/run/docker.sock");
if (args[0] === "build") fs.writeFileSync(file, crypto.randomUUID());
if (args[0] === "image" && args[1] === "inspect") {
    const [, at] = /^(.*):[^:]*$/.exec(args.at(-1));
    console.log(JSON.stringify([at + "@sha256:" + crypto.createHash("sha256").update(fs.readFileSync(file)).digest("hex")]));
}
if (args[0] === "push") {
    const [, at, repository, tag] = /^([^/]+)\\/(.+):([^:]+)$/.exec(args[1]);
    const auth = config && host === "unix:///var/run/docker.sock" && JSON.parse(fs.readFileSync(path.join(config, "config.json"))).auths[at].auth;
    fetch("http://" + at + "/v2/" + repository + "/manifests/" + tag, {
        method: "PUT", body: fs.readFileSync(file), headers: auth ? { Authorization: "Basic " + auth } : {},
    }).then(async answer => {
        if (!answer.ok) { console.error(await answer.text() || "denied: " + answer.status); process.exit(1); }
        if (fs.existsSync(path.join(home, "KILL"))) process.kill(process.ppid, "SIGKILL");
    });
}
`;

const dockerCalls = (verb: string) => {
    const log = path.join(directory, "log");
    return fs.existsSync(log) ? fs.readFileSync(log, "utf8").split("\n").filter(line => line.startsWith(verb)) : [];
};

interface Run {
    date?: string;
    password?: string;
    at?: string;
    naming?: "tag";
    /** The environment that the image belongs to. */
    owner?: string;
    /** Where such images are. */
    disposable?: string;
}

/** A run of a program that has one image, pushed to the registry. */
async function run({ date = "2026-11-05", password, at = `${registry.host}/site`, naming, owner, disposable }: Run = {}) {
    const images: ImageDelivery = {
        method: "push", registry: at, naming, disposable,
        credentials: password === undefined ? undefined : { username: "pusher", password: pulumi.secret(password) },
    };
    const cluster = { capabilities: { images } } as unknown as Cluster;
    const program = async () => ({
        reference: new ContainerImage("web", { cluster, context: path.join(directory, "context"), date, owner }).reference,
    });
    const { outputs, done } = await runs.run({ stack: owner ?? "prod", program });
    return { reference: String(outputs.reference), done };
}

/** Runs the command of a resource as Pulumi's provider does: again where its triggers are others. */
const provide: Provide = async ({ registration: { type, ignoreChanges }, inputs }, before) => {
    if (type === "random:index/randomUuid:RandomUuid") return before ? undefined : { outputs: { result: crypto.randomUUID() } };
    if (type !== "command:local:Command" || inputs.create === undefined) return undefined;
    expect(ignoreChanges).toEqual(["environment"]);
    if (JSON.stringify(before?.inputs.triggers) === JSON.stringify(inputs.triggers)) return undefined;
    return { outputs: await script(inputs.create as string, inputs) };
};

/** Destroys the stack, and returns what its scripts said. */
async function destroy(owner: string): Promise<string> {
    const own = [...runs.kept].filter(([urn, { inputs }]) => urn.includes(`:${owner}::`) && inputs.delete !== undefined);
    for (const [urn] of own) runs.kept.delete(urn);
    return (await Promise.all(own.map(([, { inputs }]) => script(inputs.delete as string, inputs)))).map(({ stderr }) => stderr).join("");
}

async function script(file: string, inputs: Record<string, unknown>): Promise<{ stdout: string; stderr: string }> {
    const [program, ...args] = inputs.interpreter as string[];
    const child = spawn(program, [...args, file], {
        env: {
            ...process.env, PATH: `${path.join(directory, "bin")}${path.delimiter}${process.env.PATH}`,
            PULUMI_CONFIG_PASSPHRASE: "phrase", ...(inputs.environment as Record<string, string>),
        },
    });
    const said = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) child[stream].on("data", (data: Buffer) => (said[stream] += data));
    const code = await new Promise(resolve => child.on("close", resolve));
    printed += said.stdout + said.stderr;
    if (code !== 0) throw new Error(said.stderr);
    return said;
}

const pushedDigest = (start: string) => [...registry.tags].find(([tag]) => tag.startsWith(start))?.[1];

// The fake is a script without extension, which Windows does not start.
describe.skipIf(process.platform === "win32")("an image for a registry whose tags can't be moved", () => {
    it("is built and pushed once, and named by date and digest", async () => {
        registry = await new Registry().start();
        const first = await run();
        const [[tag, digest]] = [...registry.tags];
        expect(tag).toMatch(/^site\/web:2026-11-05-[0-9a-f]{12}$/);
        expect(first.reference).toBe(`${registry.host}/${tag}@${digest}`);
        expect((await run()).done).toEqual([]);
        expect(dockerCalls("build ")).toHaveLength(1);
        // It is the registry's now.
        expect(dockerCalls("image rm")).toHaveLength(1);
    });

    it("that a run has pushed which died then is taken from there by the next", async () => {
        registry = await new Registry().start();
        fs.writeFileSync(path.join(directory, "KILL"), "");
        await expect(run()).rejects.toThrow();
        expect(registry.tags.size).toBe(1);
        fs.rmSync(path.join(directory, "KILL"));
        const { reference } = await run();
        expect(reference).toContain(`@${pushedDigest("site/web:")}`);
        expect(dockerCalls("push")).toHaveLength(1);
        expect((await run()).reference).toBe(reference);
    });

    it("is rebuilt with another date, beside what runs, with the login of the day", async () => {
        registry = await new Registry({ login: { user: "pusher", password: "today", by: "basic" } }).start();
        const before = await run({ password: "today", naming: "tag" });
        // Another login alone is no news, although it would not be admitted.
        expect((await run({ password: "yesterday", naming: "tag" })).done).toEqual([]);
        expect((await run({ password: "today", date: "2026-11-12", naming: "tag" })).reference).toBe(
            `${registry.host}/site:${[...registry.tags.keys()][1].split(":")[1]}@${pushedDigest("site:web-2026-11-12-")}`);
        expect(before.reference).toContain(String(pushedDigest("site:web-2026-11-05-")));
        expect(registry.tags.size).toBe(2);
    });

    it("goes to another registry when the settings name one", async () => {
        registry = await new Registry().start();
        await run();
        const { reference } = await run({ at: `${registry.host}/elsewhere` });
        expect(reference).toContain(`@${pushedDigest("elsewhere/web:")}`);
    });

    it("tells no program of the login or of Pulumi's passphrase, and leaves no login behind", async () => {
        registry = await new Registry({ login: { user: "pusher", password: "hush", by: "bearer" } }).start();
        await run({ password: "hush" });
        expect(registry.tags.size).toBe(1);
        expect(fs.readFileSync(path.join(directory, "log"), "utf8")).not.toMatch(/KNOWS|hush/);
        expect(printed).not.toContain("hush");
        expect(fs.readdirSync(os.tmpdir()).filter(name => /^landfall-push-(?!image)/.test(name))).toEqual([]);
    });

    it("says what the registry says where it refuses, and the next run tries again", async () => {
        registry = await new Registry({ login: { user: "pusher", password: "right", by: "basic" } }).start();
        await expect(run({ password: "wrong" })).rejects.toThrow(/docker push failed\.\n.*denied: 401/s);
        await run({ password: "right" });
        expect(registry.tags.size).toBe(1);
    });
});

// The fake is a script without extension, which Windows does not start.
describe.skipIf(process.platform === "win32")("an image that belongs to an environment", () => {
    const repositories = () => [...registry.tags.keys()].map(tag => tag.split(":")[0]).sort();
    const digestIn = (reference: string) => reference.split("@")[1];
    const [one, two] = [{ owner: "branch-one" }, { owner: "branch-two" }];

    it("is in a repository of its own and deleted from there, while others keep the same image", async () => {
        registry = await new Registry().start();
        const first = await run(one);
        // As another cluster's environment of that name has it, and production, to which the branch's content was promoted.
        const digest = digestIn(first.reference);
        for (const name of ["branch-one_web_00000000", "web"]) registry.tags.set(`site/${name}:sha256-1`, digest);
        await run({ ...one, date: "2026-11-06" });
        expect(repositories()).toEqual(["site/branch-one_web_00000000", expect.stringMatching(/^site\/branch-one_web_[0-9a-f]{8}$/), expect.anything(), "site/web"]);
        expect(await destroy("branch-one")).toBe("");
        expect(repositories()).toEqual(["site/branch-one_web_00000000", "site/web"]);
    });

    it("is the one that is there already from the same sources, which then stays", async () => {
        registry = await new Registry().start();
        const [production, first, second] = [await run(), await run(one), await run(two)];
        expect([first.reference, second.reference]).toEqual([production.reference, production.reference]);
        expect(dockerCalls("build ")).toHaveLength(1);
        expect(await destroy("branch-one") + await destroy("branch-two")).toBe("");
        expect(registry.deleted).toEqual([]);
    });

    it("is where images can be deleted, if the registry of all others keeps them", async () => {
        registry = await new Registry().start();
        const disposable = `${registry.host}/disposable`;
        await run({ ...one, disposable });
        expect(repositories()).toEqual([expect.stringMatching(/^disposable\/branch-one_web_[0-9a-f]{8}$/)]);
        await destroy("branch-one");
        expect(repositories()).toEqual([]);
        const { reference } = await run();
        expect((await run({ ...two, disposable })).reference).toBe(reference);
    });

    it("is each branch's own, also from the same sources", async () => {
        registry = await new Registry().start();
        const [first, second] = [await run(one), await run(two)];
        expect(first.reference).not.toBe(second.reference);
        await destroy("branch-one");
        expect(repositories()).toEqual([expect.stringContaining("branch-two_web_")]);
    });

    it("is deleted with the manifests of all platforms that it lists, the list first", async () => {
        registry = await new Registry().start();
        const digest = digestIn((await run(one)).reference);
        const [repository] = repositories();
        registry.lists.set(`${repository}@${digest}`, ["sha256:amd64", "sha256:arm64"]);
        await destroy("branch-one");
        expect(registry.deleted).toEqual([digest, "sha256:amd64", "sha256:arm64"].map(each => `${repository}@${each}`));
    });

    it("loses only its tags where all images share a repository, as another tag may lead to the same", async () => {
        registry = await new Registry({ deletes: "tags" }).start();
        for (const environment of [one, two]) await run({ ...environment, naming: "tag" });
        registry.tags.set("site:web-sha256-1", pushedDigest("site:branch-one_web-")!);
        for (const other of ["branch-one_web2-1", "branch-one-2_web-1", "branch-one_web-admin-2026-11-05-0123456789ab"]) registry.tags.set(`site:${other}`, "sha256:other");
        expect(await destroy("branch-one")).toBe("");
        expect([...registry.tags.keys()].map(key => key.replace(/-2026.*/, "")).sort()).toEqual(
            ["site:branch-one-2_web-1", "site:branch-one_web-admin", "site:branch-one_web2-1", "site:branch-two_web", "site:web-sha256-1"]);
    });

    it.each<["manifests" | "nothing", Run]>([["nothing", one], ["manifests", { ...one, naming: "tag" }]])(
        "stays in a registry that deletes %s: a warning with what to do, not a failure", async (deletes, environment) => {
            registry = await new Registry({ deletes }).start();
            await run(environment);
            const said = await destroy("branch-one");
            expect(said).toMatch(/^! The images 127\.0\.0\.1:\d+\/site\S* stay in the registry; delete them there by hand, .*refuses to delete them \(HTTP 405\)\.\n$/);
            expect(registry.tags.size).toBe(1);
        });

    it("is deleted with what docker login has left, a token of the registry's own service too", async () => {
        registry = await new Registry({ login: { user: "pusher", password: "hush", by: "bearer" } }).start();
        const configure = (config: object) => fs.writeFileSync(path.join(directory, "config.json"), JSON.stringify({ auths: { [registry.host]: config } }));
        vi.stubEnv("DOCKER_CONFIG", directory);
        registry.tags.set("web:1", `sha256:${"a".repeat(64)}`);
        configure({ auth: Buffer.from("pusher:wrong").toString("base64") });
        await expect(deleteManifest(`${registry.host}/web`, `sha256:${"a".repeat(64)}`)).rejects.toThrow(/refuses the login/);
        configure({ identitytoken: "hush" });
        expect(await tagsOf(`${registry.host}/web`)).toEqual(["1"]);
        await deleteManifest(`${registry.host}/web`, `sha256:${"a".repeat(64)}`);
        expect(registry.tags.size).toBe(0);
    });
});

describe("the digest of a tag", () => {
    const login = { username: "reader", password: "a:b" };
    const digest = `sha256:${"a".repeat(64)}`;

    it.each(["basic", "bearer"] as const)("is found by a login, %s", async by => {
        registry = await new Registry({ login: { user: "reader", password: "a:b", by } }).start();
        registry.tags.set("some/where/image:1", digest);
        expect(await digestOf(`${registry.host}/some/where/image:1`, login)).toBe(digest);
        expect(await digestOf(`${registry.host}/some/where/image:2`, login)).toBeUndefined();
        await expect(digestOf(`${registry.host}/some/where/image:1`, { ...login, password: "x" })).rejects.toThrow(/HTTP 401/);
    });

    it("is found by what docker login has left, in its file or with its helper", async () => {
        registry = await new Registry({ login: { user: "reader", password: "a:b", by: "bearer" } }).start();
        registry.tags.set("image:1", digest);
        const configure = (config: object) => fs.writeFileSync(path.join(directory, "config.json"), JSON.stringify(config));
        vi.stubEnv("DOCKER_CONFIG", directory);
        await expect(digestOf(`${registry.host}/image:1`)).rejects.toThrow(/refuses the login/);
        configure({ auths: { [registry.host]: { auth: Buffer.from("reader:a:b").toString("base64") } } });
        expect(await digestOf(`${registry.host}/image:1`)).toBe(digest);
        const helper = `#!/bin/sh\n[ "$1 $(cat)" = "get ${registry.host}" ] && echo '{"Username":"reader","Secret":"a:b"}'\n`;
        fs.writeFileSync(path.join(directory, "bin/docker-credential-test"), helper, { mode: 0o755 });
        vi.stubEnv("PATH", `${path.join(directory, "bin")}${path.delimiter}${process.env.PATH}`);
        configure({ credsStore: "test" });
        expect(await digestOf(`${registry.host}/image:1`)).toBe(digest);
    });

    it("can't be asked of a registry that doesn't answer", async () => {
        registry = await new Registry().start();
        const { host } = registry;
        await registry.stop();
        await expect(digestOf(`${host}/image:1`)).rejects.toThrow(/127\.0\.0\.1:\d+ can't be reached/);
    });
});
