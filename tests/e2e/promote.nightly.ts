import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import * as yaml from "yaml";
import { buildBundle } from "../../infra/offline/kit/bundle";
import { forward, Forward } from "./support/forward";
import { Load } from "./support/load";
import type { Machine } from "./support/machines";
import { Metal, metalHost } from "./support/metal";
import { names, root } from "./support/names";
import { type Ended, startNpm } from "./support/npm";
import { ask, Site } from "./support/site";
import { figure, home } from "./support/stack";
import { commandEnvironment } from "./support/suite";
import { timed, until } from "./support/wait";

/** A plugin that fails one of twenty pages. */
const faulty = "<?php\nadd_action('init', function () {\n    if (PHP_SAPI !== 'cli' && random_int(1, 20) === 1) {\n        status_header(500);\n        exit('broken');\n    }\n});\n";
const pages = { paths: ["/"], perSecond: 5 };
const [tested, target] = ["promote-from", "metal"];

/** From a laptop's cluster to a server of one's own, in a clone with a remote as people have them. */
describe("a promotion from kind to a server", () => {
    let metal: Metal;
    let machine: Machine;
    let gateway: Forward;
    let site: Site;
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-promote-"));
    const clone = path.join(directory, "clone");
    const git = (...args: string[]) => execFileSync("git", args, { cwd: fs.existsSync(clone) ? clone : directory, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
    const inClone = async (...args: string[]): Promise<Ended> =>
        startNpm(["--prefix", clone, "run", ...args], commandEnvironment(inject("suite"))).ended;
    const publish = (message: string) => {
        git("add", ".");
        git("add", "--force", `Pulumi.${target}.yaml`);
        git("commit", "--quiet", "--message", message);
        git("push", "--quiet", "origin", "HEAD:main");
    };
    const promote = (...more: string[]) => inClone("promote", "--", tested, target, "--approve", "--soak", "1.5", "--requests", "200", "--p99", "10000", ...more);

    beforeAll(async () => {
        metal = new Metal(await buildBundle(console.log));
        machine = await metal.machines.add("server", 11);
        gateway = await forward(machine.address, 443);
        const { outputs } = await metal.up(metal.cluster({ server: machine }));
        site = { host: metalHost, https: gateway.port, address: `https://${metalHost}`, ca: () => String(outputs.caCertificate) };
        await until("the site", async () => (await ask({ path: "/" }, site)).status === 200, 600);

        execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"], { cwd: directory });
        git("clone", "--quiet", root, "clone");
        git("remote", "set-url", "origin", path.join(directory, "origin.git"));
        git("config", "user.name", "Landfall");
        git("config", "user.email", "landfall@example.com");
        execFileSync("cp", ["--archive", "--link", path.join(root, "node_modules"), clone]);
        fs.copyFileSync(path.join(root, `Pulumi.${target}.yaml`), path.join(clone, `Pulumi.${target}.yaml`));
        fs.writeFileSync(path.join(clone, `Pulumi.${tested}.yaml`), yaml.stringify({ config: {
            "landfall:cluster": { target: "kind", name: "landfall-promote", nodes: 1, http: 18980, https: 18943, podSubnet: names.podSubnet, serviceSubnet: names.serviceSubnet },
            "landfall:environment": { name: "development", size: "small" },
            "landfall:app": { web: { replicas: { min: 1, max: 2 } } },
        } }));
        // Another content than the server's, so that the promotion has something to bring.
        fs.writeFileSync(path.join(clone, "infra/images/web/wordpress/mu-plugins/better.php"), "<?php\n");
        expect((await inClone("start", "--", "--stack", tested)).code).toBe(0);
        publish("Two stacks");
    });

    afterAll(async () => {
        if (fs.existsSync(clone)) await inClone("down", "--", "--stack", tested, "--yes");
        gateway?.close();
        await metal?.end();
        fs.rmSync(directory, { recursive: true, force: true });
    });

    it("changes nothing in a dry run", async () => {
        const before = metal.resources();
        const { code, output } = await promote("--dry-run");
        expect(code).toBe(0);
        expect(output).toContain("A dry run: nothing was changed.");
        expect(metal.resources()).toEqual(before);
        expect(await metal.kubectl(machine, "get", "configmaps", "--namespace", "production", "--selector", "landfall.dev/promotions", "--output", "name")).toBe("");
        expect(fs.existsSync(path.join(home, target, "config.yaml"))).toBe(false);
    });

    it("brings a good version without a request lost", async () => {
        const load = new Load("requests during a promotion", site, 2400, undefined, pages);
        let ended: Ended | undefined;
        figure("a promotion, watched for 90 s", `${await timed(async () => { ended = await promote(); })} s`);
        const failures = await load.end();
        expect(ended?.code).toBe(0);
        expect(failures).toEqual([]);
        const images = await metal.kubectl(machine, "get", "deployment", "web", "--namespace", "production", "--output", "jsonpath={.spec.template.spec.containers[0].image}");
        expect(images).toMatch(/^landfall\.local\/web:sha256-[0-9a-f]{64}$/);
    });

    it("goes back from a version that fails 5 % of the requests, and holds the stack", async () => {
        const running = () => metal.kubectl(machine, "get", "deployment", "web", "--namespace", "production", "--output", "jsonpath={.spec.template.spec.containers[0].image}");
        const before = await running();
        fs.writeFileSync(path.join(clone, "infra/images/web/wordpress/mu-plugins/faulty.php"), faulty);
        publish("Fail");
        expect((await inClone("start", "--", "--stack", tested)).code).toBe(0);
        const load = new Load("requests while a bad version was promoted and went back", site, 2400, undefined, pages);
        const { code, output } = await promote();
        const failures = await load.end();
        figure("requests that the bad version failed", failures.length);
        expect(code).toBe(1);
        expect(output).toMatch(/requests failed, \d/);
        expect(await running()).toBe(before);
        expect((await promote()).output).toContain(`The stack "${target}" is on hold`);
        const history = (await inClone("--silent", "promote", "--", "--history", target)).stdout;
        expect(history).toMatch(/on hold\n(.*started.*\n.*applied.*\n.*good.*\n)(.*started.*\n.*applied.*\n.*bad.*\n.*went back)/);
    });
});
