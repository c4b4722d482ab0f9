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
        return { id: id ?? name, state: inputs };
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
    inputs: Record<string, unknown> & { build?: { context: string }; interpreter?: string[]; create?: string };
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
        expect(files.filter(file => /\.ts$/.test(file) && !/\.d\.ts$/.test(file))).toEqual(["infra/index.ts"]);
        const images = "components/workload/images";
        const sources = fs.readdirSync(path.join(root, images), { recursive: true, encoding: "utf8" })
            .filter(file => fs.statSync(path.join(root, images, file)).isFile());
        expect(sources.length).toBeGreaterThan(5);
        expect(files).toEqual(expect.arrayContaining(sources.map(file => `dist/${images}/${file.split(path.sep).join("/")}`)));
        expect(files).toContain("dist/components/images.lock.json");
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
        for (const { interpreter, create = "" } of commands) {
            expect(interpreter).toEqual(["node"]);
            expect(create).toMatch(/^node_modules\/landfall\/dist\/.*\.m?js$/);
            expect(isThere(create)).toBe(true);
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
