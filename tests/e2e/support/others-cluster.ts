import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { pulumiDownload } from "../../../infra/cli/computer/network";
import { probes } from "../../../infra/cli/computer/probes";
import { ensurePulumi } from "../../../infra/cli/tools/pulumi";
import { buildKit } from "../../../infra/offline/kit";
import { run } from "../../../infra/offline/kit/run";
import { root } from "./names";
import { type Ended, startProgram } from "./npm";
import { buildOthers, importImages, Others } from "./others";
import { ask } from "./site";
import { figure } from "./stack";
import { until } from "./wait";

const host = "shop.localhost";

/**
 * A cluster of kind with others' cert-manager, metrics-server and Gateway API, and a program of another project that uses it, for
 * the tests of one file.
 */
export class OthersCluster {
    installed!: Others;
    /** What is declared of the others' software. */
    before!: Record<string, unknown>;
    private readonly home: string;
    private readonly cluster: string;
    private environment!: Record<string, string>;
    private command!: string;
    private hasStack = false;

    /** @param https port of this computer */
    constructor(name: string, private readonly https: number) {
        this.cluster = `landfall-e2e-${name}`;
        this.home = path.join(inject("suite").directory, name);
        const begin = Date.now();
        beforeAll(async () => {
            await this.create();
            figure("a cluster with others' software", `${Math.round((Date.now() - begin) / 1000)} s`);
        });
        afterAll(async () => {
            try {
                if (this.hasStack) await this.pulumi("destroy", "--yes", "--skip-preview").ended;
            } finally {
                await run("kind", ["delete", "cluster", "--name", this.cluster], { env: this.environment });
                fs.rmSync(this.home, { recursive: true, force: true });
                figure("others' software, from the cluster to its end", `${Math.round((Date.now() - begin) / 1000)} s`);
            }
        });
    }

    pulumi(...args: string[]): { ended: Promise<Ended> } {
        return startProgram(this.command, [...args, "--non-interactive"], this.environment, true, this.home);
    }

    async succeed(what: string, running: { ended: Promise<Ended> }): Promise<Ended> {
        const ended = await running.ended;
        if (ended.code !== 0) throw new Error(`${what} ended with code ${ended.code}; what it printed is above.`);
        figure(what, `${ended.seconds} s`);
        return ended;
    }

    up(): Promise<Ended> {
        return this.succeed("pulumi up", this.pulumi("up", "--yes", "--skip-preview"));
    }

    async destroy(): Promise<void> {
        await this.succeed("pulumi destroy", this.pulumi("destroy", "--yes", "--skip-preview"));
        this.hasStack = false;
    }

    namespaces(): Promise<string[]> {
        return this.installed.names("/api/v1/namespaces");
    }

    /** The answer of the site, once it is there. */
    async answer() {
        const { caCertificate } = JSON.parse((await this.pulumi("stack", "output", "--json").ended).stdout) as { caCertificate: string };
        const site = { host, https: this.https, address: `https://${host}:${this.https}`, ca: () => caCertificate };
        return until("the site", async () => {
            const answer = await ask({ path: "/" }, site);
            return answer.status === 200 && answer;
        });
    }

    /** The tests of a stack that uses what others installed. */
    expectUsed(): void {
        it("is used: the site is served with a certificate that their cert-manager signed", async () => {
            await this.up();
            const answer = await this.answer();
            expect(answer.text).toBe("served");
            expect(answer.certificate?.subjectaltname).toBe(`DNS:${host}`);
            expect(await this.namespaces()).toEqual(expect.arrayContaining(["landfall-gateway", "landfall-certificates", "shop"]));
            expect(await this.namespaces()).not.toContain("landfall-metrics");
            expect(await this.installed.names("/api/v1/namespaces/landfall-certificates/pods")).toEqual([]);
            expect(await this.installed.declared()).toEqual(this.before);
        });

        it("has nothing to change a second time", () => this.expectUnchanged());
    }

    async expectUnchanged(): Promise<void> {
        const { code, output } = await this.pulumi("preview", "--expect-no-changes").ended;
        expect({ code, output }).toMatchObject({ code: 0 });
    }

    private async create(): Promise<void> {
        const kit = await buildKit(console.log);
        const archive = await buildOthers(console.log);
        ({ command: this.command } = await ensurePulumi("existing", await probes.answers(pulumiDownload), console.log));
        fs.mkdirSync(path.join(this.home, "backend"), { recursive: true });
        this.writeProgram();
        const kubeconfig = path.join(this.home, "kubeconfig");
        this.environment = {
            ...kit.env,
            PATH: [kit.bin, process.env.PATH].join(path.delimiter),
            LANDFALL_HOME: path.join(this.home, "home"),
            PULUMI_BACKEND_URL: `file://${path.join(this.home, "backend").split(path.sep).join("/")}`,
            PULUMI_CONFIG_PASSPHRASE: "others",
            PULUMI_SKIP_UPDATE_CHECK: "true",
        };
        await this.createCluster(String(kit.settings.image), kubeconfig);
        this.installed = await Others.connect(fs.readFileSync(kubeconfig, "utf8"));
        await importImages(archive, `${this.cluster}-control-plane`);
        await this.installed.install();
        this.before = await this.installed.declared();
        await this.succeed("pulumi stack init", this.pulumi("stack", "init", "e2e"));
        this.hasStack = true;
        const settings = { target: "existing", kubeconfig, loadBalancer: "NodePort", host: "127.0.0.1", kubeletInsecureTls: true };
        await this.succeed("pulumi config", this.pulumi("config", "set-all", "--path", "--plaintext", `host=${host}`,
            ...Object.entries(settings).flatMap(([key, value]) => ["--plaintext", `cluster.${key}=${value}`])));
    }

    /** The program, as one of somebody else's project that has this one as its package. */
    private writeProgram(): void {
        const source = path.join(__dirname, "../programs/others");
        for (const file of ["index.ts", "Pulumi.yaml"]) {
            const text = fs.readFileSync(path.join(source, file), "utf8");
            fs.writeFileSync(path.join(this.home, file), text.replaceAll("../../../..", root));
        }
        fs.symlinkSync(path.join(root, "node_modules"), path.join(this.home, "node_modules"));
    }

    private async createCluster(image: string, kubeconfig: string): Promise<void> {
        const config = path.join(this.home, "kind.json");
        fs.writeFileSync(config, JSON.stringify({
            kind: "Cluster", apiVersion: "kind.x-k8s.io/v1alpha4", networking: { apiServerAddress: "127.0.0.1" },
            nodes: [{ role: "control-plane", image, extraPortMappings: [{ containerPort: 30443, hostPort: this.https, listenAddress: "127.0.0.1" }] }],
        }));
        await run("kind", ["create", "cluster", "--name", this.cluster, "--config", config, "--kubeconfig", kubeconfig, "--wait", "5m"], { env: this.environment });
    }
}
