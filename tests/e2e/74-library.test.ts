import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { version } from "../../package.json";
import { pulumiDownload } from "../../infra/cli/computer/network";
import { probes } from "../../infra/cli/computer/probes";
import { ensurePulumi } from "../../infra/cli/tools/pulumi";
import { buildKit } from "../../infra/offline/kit";
import { run } from "../../infra/offline/kit/run";
import { root } from "./support/names";
import { type Ended, npm, startProgram } from "./support/npm";
import { ask, type Site } from "./support/site";
import { figure } from "./support/stack";
import { until } from "./support/wait";

const cluster = "landfall-e2e-library";
const host = "counter.localhost";
const ports = { http: 18882, https: 18845 };

describe("a program of somebody else's, with the library's package", () => {
    const home = path.join(inject("suite").directory, "library");
    const project = path.join(home, "shop");
    const begin = Date.now();
    let environment: Record<string, string>;
    let imagesBefore: string[] | undefined;
    let command: string;
    let hasStack = false;
    let up: Ended;
    let site: Site;

    beforeAll(async () => {
        const kit = await buildKit(console.log);
        imagesBefore = await images();
        ({ command } = await ensurePulumi("kind", await probes.answers(pulumiDownload), console.log));
        for (const directory of [project, path.join(home, "backend")]) fs.mkdirSync(directory, { recursive: true });
        environment = {
            ...kit.env,
            PATH: [kit.bin, process.env.PATH].join(path.delimiter), // ensurePulumi has put its own there
            LANDFALL_HOME: path.join(home, "home"),
            PULUMI_BACKEND_URL: `file://${path.join(home, "backend").split(path.sep).join("/")}`,
            PULUMI_CONFIG_PASSPHRASE: "library",
            PULUMI_SKIP_UPDATE_CHECK: "true",
            npm_config_prefer_offline: "true",
        };
        await succeed("npm pack", npm(["pack", "--silent", "--pack-destination", project]));
        await succeed("pulumi new", pulumi(
            "new", path.join(root, "infra/template"), "--force", "--yes", "--name", "shop", "--stack", "e2e",
            "--config", `host=${host}`,
        ));
        hasStack = true;
        const settings = { name: cluster, ...ports, ...kit.settings };
        await succeed("pulumi config", pulumi(
            "config", "set-all", "--path", ...Object.entries(settings).flatMap(([key, value]) => ["--plaintext", `cluster.${key}=${value}`]),
        ));
        up = await succeed("pulumi up", pulumi("up", "--yes", "--skip-preview"));
        const outputs = JSON.parse((await pulumi("stack", "output", "--json").ended).stdout) as Record<string, string>;
        site = { host, https: ports.https, address: outputs.address, ca: () => outputs.caCertificate };
    });

    afterAll(async () => {
        try {
            if (hasStack) await succeed("pulumi destroy", pulumi("destroy", "--yes", "--skip-preview"));
        } finally {
            fs.rmSync(home, { recursive: true, force: true });
            const left = await containers();
            if (left.length > 0) await run("docker", ["rm", "--force", "--volumes", ...left]);
            const built = (await images()).filter(image => imagesBefore?.includes(image) === false);
            if (built.length > 0) await run("docker", ["rmi", ...built]);
            figure("a program with the library, from npm pack to its end", `${Math.round((Date.now() - begin) / 1000)} s`);
        }
        expect(await containers()).toEqual([]);
    });

    /** `pulumi <args>` as its user types it, in the project of one's own. */
    function pulumi(...args: string[]): { ended: Promise<Ended> } {
        return startProgram(command, [...args, "--non-interactive"], environment, true, project);
    }

    async function succeed(what: string, running: Promise<Ended> | { ended: Promise<Ended> }): Promise<Ended> {
        const ended = await ("ended" in running ? running.ended : running);
        if (ended.code !== 0) throw new Error(`${what} ended with code ${ended.code}; what it printed is above.`);
        figure(what, `${ended.seconds} s`);
        return ended;
    }

    async function containers(): Promise<string[]> {
        const filter = `label=io.x-k8s.kind.cluster=${cluster}`;
        return (await run("docker", ["ps", "--all", "--quiet", "--filter", filter])).split("\n").filter(Boolean);
    }

    /** Those that the program builds; like any program's they stay on the computer. */
    async function images(): Promise<string[]> {
        const filters = ["counter", "database-server"].flatMap(name => ["--filter", `reference=landfall.local/${name}`]);
        return (await run("docker", ["images", ...filters, "--format", "{{.Repository}}:{{.Tag}}"])).split("\n").filter(Boolean);
    }

    it("has the version of the package installed, and no cloud's packages", () => {
        const installed = path.join(project, "node_modules");
        expect(JSON.parse(fs.readFileSync(path.join(installed, "landfall/package.json"), "utf8"))).toMatchObject({ version });
        expect(fs.readdirSync(path.join(installed, "@pulumi")).sort()).toEqual(["command", "docker", "kubernetes", "pulumi", "random"]);
    });

    it("brings up a cluster by kind with a service and a database", async () => {
        // Pulumi tells of them in the order of its engine's events, which isn't the program's.
        for (const component of ["landfall:cluster:Kind", "landfall:workload:WebService", "landfall:workload:Database"]) {
            expect(up.output).toContain(component);
        }
        expect(await containers()).toHaveLength(1);
    });

    it("answers at its address, by HTTPS with its authority's certificate, from what the database has counted", async () => {
        expect(site.address).toBe(`https://${host}:${ports.https}`);
        const first = await until("the page", async () => {
            const { status, text } = await ask({ path: "/" }, site);
            return status === 200 && text;
        });
        expect(first).toMatch(/^You are visitor \d+\.\n$/);
        const visitor = (text: string): number => Number(/\d+/.exec(text));
        expect(visitor((await ask({ path: "/" }, site)).text)).toBe(visitor(first) + 1);
    });

    it("has nothing to change a second time", async () => {
        const { code, output } = await pulumi("preview", "--expect-no-changes").ended;
        expect({ code, output }).toMatchObject({ code: 0 });
    });

    it("is refused a smaller database volume in the preview, and keeps serving", async () => {
        const program = path.join(project, "index.ts");
        const before = fs.readFileSync(program, "utf8");
        fs.writeFileSync(program, before.replace('database: "counter", cpu', 'database: "counter", cpu, volume: "4Gi"'));
        try {
            const { code, output } = await pulumi("preview").ended;
            expect(code).not.toBe(0);
            expect(output).toMatch(/exists: 5Gi\n\s*given: {2}4Gi/);
            expect(output).toMatch(/impossible in place/);
        } finally {
            fs.writeFileSync(program, before);
        }
        expect((await ask({ path: "/" }, site)).status).toBe(200);
    });
});
