import type { Provider } from "@pulumi/pulumi/provider";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { command } from "../../../../../infra/offline/plugins/command";
import { docker } from "../../../../../infra/offline/plugins/docker";
import { random } from "../../../../../infra/offline/plugins/random";
import { type ConfigChanges, runStack } from "../../../support/program";
import { isSecret, secret, unwrap, Values } from "../../../../../infra/values";

// What is expected here is what Pulumi's own providers have answered in the same cases.

const urnOf = (type: string) => `urn:pulumi:dev::landfall::landfall:test:Thing$${type}::test`;
/** A provider's methods, for one resource. */
function provider(given: Provider, type: string) {
    const { check, diff, create, read, update, delete: remove } = given as Required<Provider>;
    const urn = urnOf(type);
    return {
        check: async (inputs: Values) => check(urn, {}, inputs) as Promise<{ inputs: Values; failures?: { property: string }[] }>,
        diff: (olds: Values, news: Values) => diff("id", urn, olds, news),
        create: async (inputs: Values) => create(urn, inputs) as Promise<{ id: string; outs: Values }>,
        read: (id: string, state: Values) => read(id, urn, state),
        update: async (olds: Values, news: Values) => (await update("id", urn, olds, news) as { outs: Values }).outs,
        remove: (state: Values) => remove("id", urn, state),
    };
}
const refused = async (checked: Promise<{ failures?: { property: string }[] }>) =>
    ((await checked).failures ?? []).map(({ property }) => property);

let directory: string;

beforeEach(() => {
    directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "landfall-plugins-")));
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

describe("the plugins do all that the program asks of their providers", () => {
    const providers: Record<string, Provider> = { command, docker, random };
    const existing = {
        target: "existing", context: "production", registry: "ghcr.io/example", loadBalancer: "NodePort", metrics: "install",
        sharedStorageClass: "shared",
    };

    it.each<[string, string, ConfigChanges]>([
        ["kind", "dev", {}], ["minikube", "minikube", {}], ["one server", "server", {}], ["own hardware", "prod", {}],
        ["an existing cluster", "server", { cluster: existing, environment: { host: "www.example.com", tls: { issuer: "acme" } } }],
    ])("%s", async (_, stack, changes) => {
        const asked = (await runStack(stack, changes)).filter(({ type }) => type.split(":")[0] in providers);
        expect(asked.length).toBeGreaterThan(8);
        for (const { type, inputs } of asked) {
            expect(await refused(provider(providers[type.split(":")[0]], type).check(inputs))).toEqual([]);
        }
    });
});

describe("command:local:Command", () => {
    const { check, create, update, remove } = provider(command, "command:local:Command");
    const node = { interpreter: ["node", "-e"], logging: "none" };
    const print = (expression: string) => `process.stdout.write(String(${expression}))`;
    const stdout = async (inputs: Values) => (await create({ ...node, ...inputs })).outs.stdout;
    const before = { stdout: "out before", stderr: "err before" };

    it.each<[string, Values, string]>([
        ["runs by the interpreter, without a shell", { create: print("'$HOME `id`'") }, "$HOME `id`"],
        ["has its environment", { create: print("process.env.INNER"), environment: { INNER: "inner" } }, "inner"],
        ["prefers its environment", { create: print("process.env.HOME"), environment: { HOME: "x" } }, "x"],
        ["has its input", { create: print("require('fs').readFileSync(0)"), stdin: "typed" }, "typed"],
        ["has no input by default", { create: print("require('fs').readFileSync(0).length") }, "0"],
        ["loses one newline at the end", { create: "console.log('a\\n')" }, "a\n"],
        ["may have nothing to run", {}, ""],
        ["knows nothing of an earlier run", { create: print("process.env.PULUMI_COMMAND_STDOUT") }, "undefined"],
    ])("created, %s", async (_, inputs, expected) => {
        expect(await stdout(inputs)).toBe(expected);
    });

    it("has an id of its name and eight digits, and its inputs among its outputs", async () => {
        const { id, outs } = await create({ create: "echo $0; echo no >&2", triggers: ["1"], logging: "none" });
        expect(id).toMatch(/^test[0-9a-f]{8}$/);
        expect(outs).toEqual({ create: "echo $0; echo no >&2", triggers: ["1"], logging: "none", stdout: "/bin/sh", stderr: "no" });
    });

    it("runs in its directory, or that of the program", async () => {
        expect(await stdout({ create: print("process.cwd()"), dir: directory })).toBe(directory);
        expect(await stdout({ create: print("process.cwd()") })).toBe(process.cwd());
    });

    it("runs with its secrets, and keeps them as such", async () => {
        const { outs } = await create({ ...node, create: print("process.env.TOKEN"), environment: { TOKEN: secret("hush") } });
        expect(isSecret((outs.environment as Values).TOKEN)).toBe(true);
        expect(outs.stdout).toBe("hush"); // secret by `additionalSecretOutputs` alone
    });

    it("fails with the exit status and all that was written", async () => {
        const line = "console.log('out'); console.error('err'); process.exit(7)";
        await expect(create({ ...node, create: line })).rejects.toThrow(`exit status 7: running ${JSON.stringify(line)}:\nout\nerr`);
        await expect(create({ ...node, create: "process.kill(process.pid)" })).rejects.toThrow("signal: terminated: running");
        await expect(create({ create: "x", interpreter: ["no-such-program"] })).rejects.toThrow(
            'exec: "no-such-program": executable file not found in $PATH: running "x":');
    });

    it("ends at once when the engine stops", async () => {
        const begun = path.join(directory, "begun");
        const refused = expect(create({ ...node, create: `require("fs").writeFileSync(${JSON.stringify(begun)}, ""); setTimeout(() => undefined, 150_000)` }))
            .rejects.toThrow("signal: killed: running");
        await vi.waitFor(() => expect(fs.existsSync(begun)).toBe(true), { timeout: 60_000 });
        await command.cancel?.();
        await refused;
    });

    it.each<[string, Values, string]>([
        ["runs `update`", { create: print("1"), update: print("2") }, "2"],
        ["runs `create` where there is no `update`", { create: print("1") }, "1"],
        ["keeps what was written where there is neither", {}, "out before"],
        ["knows what was written", { update: print("process.env.PULUMI_COMMAND_STDOUT") }, "out before"],
        ["knows the errors", { update: print("process.env.PULUMI_COMMAND_STDERR") }, "err before"],
        ["knows neither if it does not want to",
            { update: print("process.env.PULUMI_COMMAND_STDOUT"), addPreviousOutputInEnv: false }, "undefined"],
    ])("updated, %s", async (_, inputs, expected) => {
        expect((await update({ ...inputs, ...before }, { ...node, ...inputs })).stdout).toBe(expected);
    });

    it("deleted, runs `delete` with the inputs it was made with and what was written, or nothing", async () => {
        const file = path.join(directory, "deleted");
        const script = "require('fs').writeFileSync(process.env.FILE, process.env.PULUMI_COMMAND_STDOUT)";
        await remove({ ...node, create: "x", delete: script, environment: { FILE: file }, ...before });
        expect(fs.readFileSync(file, "utf8")).toBe("out before");
        await remove({ ...node, create: "process.exit(1)", ...before });
        await expect(remove({ ...node, delete: "process.exit(1)", ...before })).rejects.toThrow("exit status 1");
    });

    it("refuses what it doesn't do by name", async () => {
        expect(await refused(check({ ...node, create: "x", triggers: [1] }))).toEqual([]);
        expect(await refused(check({ create: "x", assetPaths: ["*"], archivePaths: ["*"] }))).toEqual(["assetPaths", "archivePaths"]);
        expect(await refused(provider(command, "command:remote:Command").check({}))).toEqual(["command:remote:Command"]);
    });
});

describe("random", () => {
    const password = provider(random, "random:index/randomPassword:RandomPassword");
    const uuid = provider(random, "random:index/randomUuid:RandomUuid");

    it("makes a password of these classes of characters, which is secret", async () => {
        const { id, outs } = await password.create({ length: 200, special: false });
        expect(id).toBe("none");
        expect(isSecret(outs.result)).toBe(true);
        expect(unwrap(outs.result)).toMatch(/^[A-Za-z0-9]{200}$/);
        expect(unwrap(outs.result)).not.toBe(unwrap((await password.create({ length: 200, special: false })).outs.result));
        expect(unwrap((await password.create({ length: 500 })).outs.result)).toMatch(/[!@#$%&*()\-_=+[\]{}<>:?]/);
    });

    it("makes a UUID that is its own id, and keeps it", async () => {
        const { id, outs } = await uuid.create({});
        expect(outs).toEqual({ result: id });
        expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
        expect((await uuid.create({})).id).not.toBe(id);
        expect(await uuid.diff(outs, {})).toEqual({ changes: false, replaces: [] });
    });

    it("keeps it until an input changes", async () => {
        const { outs } = await password.create({ length: 20, special: false });
        expect(await password.diff(outs, { length: 20, special: false })).toEqual({ changes: false, replaces: [] });
        expect(await password.diff(outs, { length: 20, special: false, lower: true })).toMatchObject({ changes: false });
        expect(await password.diff(outs, { length: 24, special: false })).toEqual({ changes: true, replaces: ["length"] });
        expect(await password.diff(outs, { length: 20 })).toEqual({ changes: true, replaces: ["special"] });
    });

    it("keeps one that Pulumi's own provider has made", async () => {
        const real = {
            bcryptHash: secret("$2a$10$x"), id: "none", length: 20, lower: true, minLower: 0, minNumeric: 0, minSpecial: 0,
            minUpper: 0, number: true, numeric: true, result: secret("x"), special: false, upper: true,
        };
        expect(await password.diff(real, { length: 20, special: false })).toEqual({ changes: false, replaces: [] });
        expect(await password.read("none", real)).toEqual({ id: "none", props: real });
        const result = "e54b9591-1729-7ffc-32d4-d1fc0852718a"; // of no version that RFC 9562 knows
        const realUuid = { __pulumi_raw_state_delta: { obj: { ps: { keepers: secret(null) } } }, id: result, result };
        expect(await uuid.diff(realUuid, {})).toEqual({ changes: false, replaces: [] });
        expect(await uuid.read(result, realUuid)).toEqual({ id: result, props: realUuid });
    });

    it("takes over a UUID from elsewhere", async () => {
        const id = "22222222-2222-2222-2222-aaaaaaaaaaaa";
        const imported = { id, props: { result: id }, inputs: {} };
        expect(await uuid.read(id, {})).toEqual(imported);
        expect(await uuid.read(id.toUpperCase(), {})).toEqual(imported);
        for (const other of ["not-a-uuid", "", `${id}0`, id.replaceAll("-", ""), id.replace("a", "g")]) {
            await expect(uuid.read(other, {})).rejects.toThrow("is not a UUID");
        }
    });

    it("refuses what it doesn't do by name", async () => {
        expect(await refused(password.check({ length: 20, keepers: {}, minLower: 1 }))).toEqual(["keepers", "minLower"]);
        expect(await refused(provider(random, "random:index/randomPet:RandomPet").check({}))).toEqual(["random:index/randomPet:RandomPet"]);
        expect(await refused(uuid.check({ keepers: { day: "friday" } }))).toEqual(["keepers"]);
        await expect(password.read("secret", {})).rejects.toThrow("import of random:index/randomPassword:RandomPassword: Landfall's own");
        await expect(password.create({ length: 3, lower: false, upper: false, numeric: false, special: false })).rejects.toThrow("at least one");
    });
});

describe("docker:index/image:Image", () => {
    const { check, diff, create, update } = provider(docker, "docker:index/image:Image");
    let context: string;
    let PATH: string | undefined;

    /** What the stand-in for Docker was called with, a line for each call. */
    const calls = () => fs.readFileSync(path.join(directory, "calls"), "utf8").trim().split("\n");
    const inputs = async (args: Values = {}, more: Values = {}) => (await check({
        imageName: "landfall.local/web:1", build: { context, args }, skipPush: true, buildOnPreview: false, ...more,
    })).inputs;

    beforeEach(() => {
        context = path.join(directory, "context");
        fs.mkdirSync(context);
        fs.writeFileSync(path.join(context, "Dockerfile"), "FROM scratch\n");
        fs.writeFileSync(path.join(directory, "docker"), `#!/bin/sh
            echo "$@ with $DAY" >> ${directory}/calls
            case "$*" in
                *buildx*) exit 1;;
                *fail*) echo step; echo broken >&2; exit 3;;
                *inspect*) echo sha256:local;;
            esac
        `, { mode: 0o755 });
        PATH = process.env.PATH;
        process.env.PATH = `${directory}${path.delimiter}${PATH}`;
    });
    afterEach(() => {
        process.env.PATH = PATH;
    });

    it("is built, for this computer's processor by default, with arguments that are on no command line", async () => {
        const { id, outs } = await create(await inputs({ DAY: "friday" }));
        expect(id).toBe("landfall.local/web:1");
        expect(outs).toMatchObject({ imageName: id, baseImageName: id, repoDigest: "sha256:local", registryServer: "" });
        const platform = `linux/${process.arch === "x64" ? "amd64" : process.arch}`;
        expect(calls()[1]).toBe(
            `build --tag ${id} --file ${context}/Dockerfile --platform ${platform} --build-arg DAY ${context} with friday`);
        expect(isSecret(outs.__inputs)).toBe(true);
    });

    it("is built again when a file, its mode or an input changes", async () => {
        const { outs } = await create(await inputs());
        expect(await diff(outs, await inputs())).toEqual({ changes: false });
        expect(await diff(outs, await inputs({ DAY: "1" }))).toEqual({ changes: true });
        expect(await diff(outs, await inputs({}, { imageName: "landfall.local/web:2" }))).toEqual({ changes: true });
        fs.writeFileSync(path.join(context, "file"), "1");
        const changed = await inputs();
        expect(await diff(outs, changed)).toEqual({ changes: true });
        const again = await update(outs, changed);
        expect(await diff(again, changed)).toEqual({ changes: false });
        fs.chmodSync(path.join(context, "file"), 0o755);
        expect(await diff(again, await inputs())).toEqual({ changes: true });
    });

    it("fails with what Docker has said", async () => {
        const failing = create(await inputs({}, { imageName: "fail" }));
        await expect(failing).rejects.toThrow("docker build: exit status 3:\nstep\nbroken");
    });

    it("refuses what it doesn't do, and a Dockerfile that isn't there", async () => {
        const image = { imageName: "a", skipPush: true };
        expect(await refused(check({ ...image, build: { context, network: "x", cacheFrom: {} }, buildOnPreview: true })))
            .toEqual(["network", "cacheFrom", "buildOnPreview"]);
        expect(await refused(check({ imageName: "a", build: { context }, registry: {} }))).toEqual(["registry", "skipPush: false"]);
        expect(await refused(check({ ...image, build: { context: directory } }))).toEqual(["build.dockerfile"]);
        expect(await refused(provider(docker, "docker:index/container:Container").check({}))).toContain("docker:index/container:Container");
    });
});

describe("a plugin's process", () => {
    it.each(["command", "docker", "language", "random"])("%s says where it listens, and ends with the engine", async name => {
        const file = path.resolve("infra/offline/plugins", `${name}.ts`);
        const child = spawn(process.execPath, ["--require", "./infra/preload.cjs", file, "127.0.0.1:1"]);
        const [port] = await once(child.stdout.setEncoding("utf8"), "data") as string[];
        expect(port).toMatch(/^\d+\n$/);
        child.stdin.end();
        expect(await once(child, "close")).toEqual([0, null]);
    });
});
