import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Json } from "../../components/cluster/kubernetes-api";
import { pulumiDownload } from "../../infra/cli/computer/network";
import { probes } from "../../infra/cli/computer/probes";
import { ensurePulumi } from "../../infra/cli/tools/pulumi";
import { buildKit } from "../../infra/offline/kit";
import { run } from "../../infra/offline/kit/run";
import { root } from "./support/names";
import { type Ended, startProgram } from "./support/npm";
import { buildOthers, importImages, Others, others } from "./support/others";
import { ask } from "./support/site";
import { figure } from "./support/stack";
import { until } from "./support/wait";

const cluster = "landfall-e2e-others";
const host = "shop.localhost";
const https = 18847;

describe("a cluster in which others installed other versions of cert-manager, metrics-server and the Gateway API", () => {
    const home = path.join(inject("suite").directory, "others");
    const begin = Date.now();
    let environment: Record<string, string>;
    let command: string;
    let installed: Others;
    let before: Record<string, unknown>;
    let hasStack = false;

    beforeAll(async () => {
        const kit = await buildKit(console.log);
        const archive = await buildOthers(console.log);
        ({ command } = await ensurePulumi("existing", await probes.answers(pulumiDownload), console.log));
        fs.mkdirSync(path.join(home, "backend"), { recursive: true });
        writeProgram();
        const kubeconfig = path.join(home, "kubeconfig");
        environment = {
            ...kit.env,
            PATH: [kit.bin, process.env.PATH].join(path.delimiter),
            LANDFALL_HOME: path.join(home, "home"),
            PULUMI_BACKEND_URL: `file://${path.join(home, "backend").split(path.sep).join("/")}`,
            PULUMI_CONFIG_PASSPHRASE: "others",
            PULUMI_SKIP_UPDATE_CHECK: "true",
        };
        await createCluster(String(kit.settings.image), kubeconfig);
        installed = await Others.connect(fs.readFileSync(kubeconfig, "utf8"));
        await importImages(archive, `${cluster}-control-plane`);
        await installed.install();
        before = await installed.declared();
        await succeed("pulumi stack init", pulumi("stack", "init", "e2e"));
        hasStack = true;
        const settings = { target: "existing", kubeconfig, loadBalancer: "NodePort", host: "127.0.0.1", kubeletInsecureTls: true };
        await succeed("pulumi config", pulumi("config", "set-all", "--path", "--plaintext", `host=${host}`,
            ...Object.entries(settings).flatMap(([key, value]) => ["--plaintext", `cluster.${key}=${value}`])));
        figure("a cluster with others' software", `${Math.round((Date.now() - begin) / 1000)} s`);
    });

    afterAll(async () => {
        try {
            if (hasStack) await pulumi("destroy", "--yes", "--skip-preview").ended;
        } finally {
            await run("kind", ["delete", "cluster", "--name", cluster], { env: environment });
            fs.rmSync(home, { recursive: true, force: true });
            figure("others' software, from the cluster to its end", `${Math.round((Date.now() - begin) / 1000)} s`);
        }
    });

    /** The program, as one of somebody else's project that has this one as its package. */
    function writeProgram(): void {
        const source = path.join(__dirname, "programs/others");
        for (const file of ["index.ts", "Pulumi.yaml"]) {
            const text = fs.readFileSync(path.join(source, file), "utf8");
            fs.writeFileSync(path.join(home, file), text.replaceAll("../../../..", root));
        }
        fs.symlinkSync(path.join(root, "node_modules"), path.join(home, "node_modules"));
    }

    async function createCluster(image: string, kubeconfig: string): Promise<void> {
        const config = path.join(home, "kind.json");
        fs.writeFileSync(config, JSON.stringify({
            kind: "Cluster", apiVersion: "kind.x-k8s.io/v1alpha4", networking: { apiServerAddress: "127.0.0.1" },
            nodes: [{ role: "control-plane", image, extraPortMappings: [{ containerPort: 30443, hostPort: https, listenAddress: "127.0.0.1" }] }],
        }));
        await run("kind", ["create", "cluster", "--name", cluster, "--config", config, "--kubeconfig", kubeconfig, "--wait", "5m"], { env: environment });
    }

    function pulumi(...args: string[]): { ended: Promise<Ended> } {
        return startProgram(command, [...args, "--non-interactive"], environment, true, home);
    }

    async function succeed(what: string, running: { ended: Promise<Ended> }): Promise<Ended> {
        const ended = await running.ended;
        if (ended.code !== 0) throw new Error(`${what} ended with code ${ended.code}; what it printed is above.`);
        figure(what, `${ended.seconds} s`);
        return ended;
    }

    const namespaces = () => installed.names("/api/v1/namespaces");
    const up = () => pulumi("up", "--yes", "--skip-preview");

    it("is refused while their cert-manager is scaled to 0, by name and with a way out", async () => {
        await installed.scale("cert-manager", "cert-manager", 0);
        const { code, output } = await pulumi("preview").ended;
        await installed.scale("cert-manager", "cert-manager", 1);
        expect(code).not.toBe(0);
        expect(output).toMatch(new RegExp(`cert-manager ${others.certManager} .*isn't running`));
        expect(output).toMatch(/way: +start it again/);
        await installed.available("cert-manager", "cert-manager");
        before = await installed.declared();
    });

    it("is used: the site is served with a certificate that their cert-manager signed", async () => {
        await succeed("pulumi up", up());
        const { caCertificate } = JSON.parse((await pulumi("stack", "output", "--json").ended).stdout) as { caCertificate: string };
        const site = { host, https, address: `https://${host}:${https}`, ca: () => caCertificate };
        const answer = await until("the site", async () => {
            const answer = await ask({ path: "/" }, site);
            return answer.status === 200 && answer;
        });
        expect(answer.text).toBe("served");
        expect(answer.certificate?.subjectaltname).toBe(`DNS:${host}`);
        expect(await namespaces()).toEqual(expect.arrayContaining(["landfall-gateway", "landfall-certificates", "shop"]));
        expect(await namespaces()).not.toContain("landfall-metrics");
        expect(await installed.names("/api/v1/namespaces/landfall-certificates/pods")).toEqual([]);
        expect(await installed.declared()).toEqual(before);
    });

    it("has nothing to change a second time", async () => {
        const { code, output } = await pulumi("preview", "--expect-no-changes").ended;
        expect({ code, output }).toMatchObject({ code: 0 });
    });

    it("has all of theirs as it was when the stack is destroyed, and Contour's CRDs for whoever uses them", async () => {
        await succeed("pulumi destroy", pulumi("destroy", "--yes", "--skip-preview"));
        hasStack = false;
        expect(await installed.declared()).toEqual(before);
        const isKept = ({ annotations }: Json) => (annotations as Json | undefined)?.["landfall.dev/kept-for"] === "others/e2e";
        const kept = await installed.names("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", isKept);
        expect(kept.length).toBeGreaterThan(0);
        expect(kept.filter(name => !name.endsWith(".projectcontour.io"))).toEqual([]);
        expect(await namespaces()).not.toContain("landfall-gateway");
    });
});
