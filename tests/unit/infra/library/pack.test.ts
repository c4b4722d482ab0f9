import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { npmCommand } from "../../../../infra/cli/bootstrap.mjs";

const root = path.resolve(__dirname, "../../../..");
const execute = promisify(execFile);

const template = path.join(root, "infra/template");

/** What the compiler has to refuse. */
const mistakes = `
import { createCluster } from "landfall/cluster";
import { Platform } from "landfall/platform";

export const refused = [
    // @ts-expect-error a number is meant
    () => createCluster({ target: "kind", nodes: "two" }),
    // @ts-expect-error no such target
    () => createCluster({ target: "kink" }),
    // @ts-expect-error no such key
    () => createCluster({ target: "kind", node: 2 }),
    // @ts-expect-error the account is missing
    () => createCluster({ target: "eks", region: "eu-west-1", authorizedNetworks: ["203.0.113.0/24"], admins: ["role"] }),
    // @ts-expect-error the cluster is missing
    () => new Platform("platform", { hosts: ["shop.localhost"] }),
];
`;

/** Runs a program against Pulumi's mocks, and writes down the resources that it registers. */
const runner = `
const fs = require("node:fs");
const pulumi = require("@pulumi/pulumi");
const resources = [];
pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs, id }) => {
        resources.push({ type, name, inputs });
        // What their providers would add.
        const added = /:RandomPassword$/.test(type) ? { result: "generated" }
            : /:Service$/.test(type) ? { spec: { ...inputs.spec, clusterIP: "10.96.0.10" } } : {};
        return { id: id || name, state: { ...inputs, ...added } };
    },
    call: () => ({}),
}, "shop", "dev");
pulumi.runtime.setAllConfig({ "shop:target": "kind", "shop:environment": "development", "shop:host": "shop.localhost", "shop:issuer": "ca" });
process.on("exit", () => fs.writeFileSync("resources.json", JSON.stringify(resources)));
require("./index.js");
`;

interface Resource {
    type: string;
    name: string;
    inputs: Record<string, unknown> & { build?: { context: string }; interpreter?: string[]; create?: string; delete?: string };
}

/** Sources below a directory of this project, by their path in it. */
function sourcesIn(directory: string): string[] {
    return fs.readdirSync(path.join(root, directory), { recursive: true, encoding: "utf8" })
        .map(file => `${directory}/${file.split(path.sep).join("/")}`)
        .filter(file => fs.statSync(path.join(root, file)).isFile());
}

/** Scripts that the library's code names, as in `${scripts}/create.ts` or `script("join")`, by their path in the project. */
function namedScripts(): string[] {
    const code = sourcesIn("components").filter(file => file.endsWith(".ts"))
        .map(file => ({ directory: path.posix.dirname(file), text: fs.readFileSync(path.join(root, file), "utf8") }));
    const named = code.flatMap(({ directory, text }) =>
        [...text.matchAll(/(?:`\$\{scripts\}\/|")([\w/-]+\.ts)["`]/g)].map(([, script]) => ({ directory, script })));
    const home = (directory: string) =>
        code.filter(file => file.directory === directory).map(({ text }) => /\bscripts = "(.+)"/.exec(text)?.[1]).find(Boolean);
    const ofMachines = code.flatMap(({ text }) => [...text.matchAll(/\bscript\("([\w-]+)"\)/g)].map(([, name]) => name));
    return [
        ...named.map(({ directory, script }) => script.includes("/") ? script : `${home(directory)}/${script}`),
        ...ofMachines.map(name => `components/cluster/baremetal/operator/${name}.ts`),
    ];
}

describe("the package", () => {
    let directory: string;
    let files: string[];
    beforeAll(async () => {
        // Below this project, whose packages stand for those that an installation brings.
        directory = fs.mkdtempSync(path.join(__dirname, "package-"));
        const npm = npmCommand(process.env, process.execPath, fs.existsSync);
        const { stdout } = await execute(
            npm.program, [...npm.args, "pack", "--json", "--loglevel=error", "--pack-destination", directory], { cwd: root });
        const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
        files = packed.files.map(file => file.path);
        const installed = path.join(directory, "node_modules/landfall");
        fs.mkdirSync(installed, { recursive: true });
        await execute("tar", ["-xzf", path.join(directory, packed.filename), "-C", installed, "--strip-components=1"]);
        // With a package.json of its own: else Node takes `landfall` for this package.
        fs.cpSync(template, directory, { recursive: true });
        fs.writeFileSync(path.join(directory, "mistakes.ts"), mistakes);
        fs.writeFileSync(path.join(directory, "run.cjs"), runner);
    });
    afterAll(() => fs.rmSync(directory, { recursive: true }));

    /** Compiles as strictly as the template does; with `options`, in another way. */
    async function compile(...options: string[]): Promise<string> {
        const args = [require.resolve("typescript/bin/tsc"), ...options];
        return execute(process.execPath, args, { cwd: directory }).then(() => "", (error: { stdout: string }) => error.stdout);
    }

    it("holds what is compiled, the scripts and images that components start from, and nothing else of the project", () => {
        const outside = files.filter(file => !file.startsWith("dist/"));
        expect(outside.sort()).toEqual([
            "CHANGELOG.md", "LICENSE", "README.md", "infra/config/REFERENCE.md",
            "infra/index.ts", // npm takes along whatever package.json has for Pulumi as main
            "package.json",
        ]);
        expect(files.filter(file => /\.m?ts$/.test(file) && !/\.d\.ts$/.test(file))).toEqual(["infra/index.ts"]);
        expect(files.filter(file => file.endsWith(".mjs") && !file.startsWith("dist/components/workload/images/"))).toEqual([]);
        const sources = sourcesIn("components/workload/images");
        expect(sources.length).toBeGreaterThan(5);
        expect(files).toEqual(expect.arrayContaining(sources.map(file => `dist/${file}`)));
        expect(files).toContain("dist/components/images.lock.json");
    });

    it("holds every script that a component names, compiled", () => {
        const scripts = namedScripts();
        expect(scripts).toEqual(expect.arrayContaining([
            "components/cluster/kind/status.ts", "components/cluster/minikube/claim.ts", "components/platform/fetch-manifests.ts",
            "components/cluster/baremetal/operator/status.ts", "components/cluster/cloud/await-released.ts",
        ]));
        expect(scripts.filter(script => !files.includes(`dist/${script.replace(/\.ts$/, ".js")}`))).toEqual([]);
    });

    it.each([
        "cluster/kind/status", "cluster/kind/delete-volumes", "cluster/minikube/status", "cluster/cloud/await-released",
        "cluster/baremetal/operator/status",
    ])("has a script %s that runs without a compiler", async script => {
        const file = path.join(directory, `node_modules/landfall/dist/components/${script}.js`);
        const { NODE_OPTIONS, ...env } = process.env;
        const { stderr } = await execute(process.execPath, [file], { cwd: directory, env }).catch((error: { stderr: string }) => error);
        expect(stderr).toMatch(/^[A-Z_]+ is not set: this script is run by the program/);
    });

    it("finds no cluster where there is none", async () => {
        const file = path.join(directory, "node_modules/landfall/dist/components/cluster/kind/status.js");
        const env = { ...process.env, LANDFALL_HOME: directory, CLUSTER_NAME: "none", CLUSTER_CONFIG: "{}", CLUSTER_OWNER: "shop/dev" };
        expect((await execute(process.execPath, [file], { cwd: directory, env })).stdout).toBe("{}");
    });

    it("is what the template's program compiles with, whichever way its compiler finds packages", async () => {
        const options = ["--ignoreConfig", "--strict", "--skipLibCheck", "--target", "es2022", "--types", "node"];
        const older = ["--module", "commonjs", "--moduleResolution", "node10", "--ignoreDeprecations", "6.0", "--noEmit"];
        expect(await compile(...options, ...older, "index.ts", "mistakes.ts")).toBe("");
        expect(await compile(...options, "--module", "nodenext", "index.ts", "mistakes.ts")).toBe("");
    });

    it("makes what the template says, with the library's own scripts and images, on a cluster of the program's name", async () => {
        await execute(process.execPath, ["run.cjs"], { cwd: directory, env: { ...process.env, LANDFALL_RENDER: "1" } });
        const resources = JSON.parse(fs.readFileSync(path.join(directory, "resources.json"), "utf8")) as Resource[];
        expect(resources.map(({ type, name }) => `${type} ${name}`)).toEqual(expect.arrayContaining([
            "landfall:cluster:Kind cluster", "landfall:platform:Platform platform", "landfall:workload:Environment environment",
            "kubernetes:apps/v1:StatefulSet database", "kubernetes:apps/v1:Deployment counter",
        ]));
        const find = (name: string): Resource["inputs"] => resources.find(resource => resource.name === name)!.inputs;
        expect(find("cluster-nodes").environment).toMatchObject({ CLUSTER_NAME: "shop-dev" });
        const isThere = (file: string): boolean => fs.existsSync(path.join(directory, file));
        const commands = resources.filter(({ type }) => type === "command:local:Command").map(({ inputs }) => inputs);
        expect(commands.length).toBeGreaterThan(3);
        for (const { interpreter, create, delete: remove } of commands) {
            expect(interpreter).toEqual(["node"]);
            for (const script of [create, remove].filter(script => script !== undefined)) {
                expect(script).toMatch(/^node_modules\/landfall\/dist\/.*\.js$/);
                expect(isThere(script)).toBe(true);
            }
        }
        const { context } = find("database-server-image").build!;
        expect(context).toMatch(/^node_modules\/landfall\//);
        expect(isThere(`${context}/Dockerfile`)).toBe(true);
        expect(find("counter-image").build).toMatchObject({ context: "app" });
    });

    it("is of the version that the template names, and so are the packages beside it", () => {
        const read = (file: string) => JSON.parse(fs.readFileSync(file, "utf8")) as Record<string, Record<string, string>>;
        const own = read(path.join(root, "package.json"));
        const { dependencies, devDependencies } = read(path.join(template, "package.json"));
        const { landfall, ...others } = { ...dependencies, ...devDependencies };
        expect(landfall).toBe(`file:landfall-${own.version}.tgz`);
        const { dependencies: used, devDependencies: installed } = own;
        expect(others).toEqual(Object.fromEntries(Object.keys(others).map(name => [name, { ...used, ...installed }[name]])));
    });

    it("is an ECMAScript module's as well", async () => {
        fs.writeFileSync(path.join(directory, "module.mjs"), `
            import { createCluster } from "landfall/cluster";
            import { Platform } from "landfall/platform";
            import { Database } from "landfall/workload";
            console.log([createCluster, Platform, Database].map(({ name }) => name).join());
        `);
        expect((await execute(process.execPath, ["module.mjs"], { cwd: directory })).stdout).toBe("createCluster,Platform,Database\n");
    });
});
