import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { spawn, spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as yaml from "yaml";
import { cacheDirectory } from "../../../../../components/cache";
import { writeWhole } from "../../../../../components/files";
import { describe as describeResource, EventReport } from "../../../../../infra/cli/engine/events";
import { builtImages, describeChanges } from "../../../../../infra/cli/engine/engine";
import { explainExisting } from "../../../../../infra/cli/engine/failures";
import { refuseProtected, resourcesToKeep } from "../../../../../infra/cli/engine/keep";
import { settle } from "../../../../../infra/cli/engine/pending";
import { backendDirectory, isInBackend, isStale, locksOf, removeCutOff } from "../../../../../infra/cli/engine/lock";
import { refuseOfflineState } from "../../../../../infra/cli/stack/home";
import { withKitSettings } from "../../../../../infra/cli/start/kit";
import { Terminal } from "../../../../../infra/cli/terminal";
import { refuseToBuild } from "../../../../../infra/cli/tools/pulumi";

describe("Pulumi, where it can't be downloaded", () => {
    it.each(["kind", "baremetal", "existing", undefined] as const)("is built here for the target %s", target => {
        expect(() => refuseToBuild(target, true, "linux")).not.toThrow();
    });

    it.each(["eks", "gke", "aks"] as const)("can't make %s, whose provider can't be built", target => {
        expect(() => refuseToBuild(target, true, "linux")).toThrow(
            /get\.pulumi\.com doesn't answer[^]*The target \w+ needs it[^]*docs\/install[^]*Nothing was changed/);
    });

    it("needs Go for that, and another system than Windows", () => {
        expect(() => refuseToBuild("kind", false, "linux")).toThrow(/Go is not on PATH[^]*docs\/install[^]*Nothing was changed/);
        expect(() => refuseToBuild("kind", true, "win32")).toThrow("Linux and macOS only");
        expect(() => refuseToBuild("kind", false, "win32")).toThrow("Linux and macOS only"); // Go is no help there
    });
});

describe("what is on this computer of a stack", () => {
    let directory: string;
    let backend: string;

    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
        backend = path.join(directory, ".pulumi");
        vi.stubEnv("LANDFALL_HOME", path.join(directory, "home"));
        vi.stubEnv("PULUMI_BACKEND_URL", `file://${directory}`);
    });
    afterEach(() => {
        vi.unstubAllEnvs();
        fs.rmSync(directory, { recursive: true });
    });

    it("is its state in the backend", () => {
        expect(isInBackend("dev")).toBe(false);
        writeWhole(path.join(backend, "stacks", "landfall", "dev.json"), "{}");
        expect(isInBackend("dev")).toBe(true);
        expect(isInBackend("other")).toBe(false);
        // As on Windows and macOS the name Dev, this leads to the file of dev.
        expect(isInBackend("x/../dev")).toBe(false);
    });

    it("is refused where it was made without Pulumi, with the way to remove it", () => {
        expect(() => refuseOfflineState("dev")).not.toThrow();
        fs.mkdirSync(path.join(directory, "home", "dev", "offline"), { recursive: true });
        expect(() => refuseOfflineState("other")).not.toThrow();
        expect(() => refuseOfflineState("dev")).toThrow(
            /"dev" without Pulumi[^]*git worktree add \S+ d8d3b87\n +cp Pulumi\.\*\.yaml [^]*npm run down -- --stack dev\n[^]*Nothing was changed/);
    });

    it("finds local backends, and no others", () => {
        expect(backendDirectory("file://~")).toBe(path.join(os.homedir(), ".pulumi"));
        expect(backendDirectory("file://~/state")).toBe(path.join(os.homedir(), "state", ".pulumi"));
        expect(backendDirectory("file:///a%20user/%C3%BC?no_tmp_dir=true")).toBe(path.resolve("/a user/ü/.pulumi"));
        expect(backendDirectory("file:///a user/100%")).toBe(path.resolve("/a user/100%/.pulumi"));
        expect(backendDirectory("s3://bucket")).toBeUndefined();
        expect(isInBackend("dev", undefined)).toBe(false);
    });

    it("can be read again after a kill that left its attributes half-written", () => {
        const file = (name: string) => path.join(backend, "stacks", "landfall", name);
        for (const name of ["dev.json", "dev.json.bak.attrs"]) writeWhole(file(name), "{}");
        for (const name of ["dev.json.attrs", "other.json.attrs"]) writeWhole(file(name), "");
        removeCutOff("dev");
        expect(fs.readdirSync(file(".")).sort()).toEqual(["dev.json", "dev.json.bak.attrs", "other.json.attrs"]);
    });

    it("tells the lock of a run that was killed from one in use", () => {
        const ended = spawnSync(process.execPath, ["--version"]).pid;
        const lock = { pid: ended, hostname: os.hostname(), timestamp: "2026-11-22T10:00:00Z" };
        const file = path.join(backend, "locks", "organization", "landfall", "dev", "1.json");
        writeWhole(file, JSON.stringify(lock));
        fs.writeFileSync(`${file}.attrs`, "{}");
        expect(locksOf("dev")).toEqual([lock]);
        expect(locksOf("other")).toEqual([]);
        expect(isStale(lock)).toBe(true);
        expect(isStale({ ...lock, hostname: "elsewhere" })).toBe(false);
    });

    it.runIf(process.platform === "linux")("does not take a process that has the number now for the lock's", () => {
        expect(isStale({ pid: process.pid, hostname: os.hostname(), timestamp: "" })).toBe(true);
    });

    it.runIf(process.platform === "linux")("knows that a Pulumi which was killed has ended, though nobody has asked for its end", async () => {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-"));
        const program = path.join(directory, "pulumi");
        fs.copyFileSync("/bin/sleep", program);
        // The shell becomes a program that never waits for what the shell had started.
        const parent = spawn("sh", ["-c", `"${program}" 600 & echo $!; exec sleep 600`], { stdio: ["ignore", "pipe", "ignore"] });
        try {
            const pid = Number(await new Promise(resolve => parent.stdout.once("data", resolve)));
            const stat = (of = pid) => fs.readFileSync(`/proc/${of}/stat`, "utf8");
            const lock = { pid, hostname: os.hostname(), timestamp: "" };
            await vi.waitFor(() => expect([stat(), stat(parent.pid)].join()).toMatch(/\(pulumi\) S.*\(sleep\) S/s), { timeout: 60_000 });
            expect(isStale(lock)).toBe(false);
            process.kill(pid, "SIGKILL");
            await vi.waitFor(() => expect(stat()).toContain("(pulumi) Z"), { timeout: 60_000 });
            expect(isStale(lock)).toBe(true);
        } finally {
            parent.kill("SIGKILL");
            fs.rmSync(directory, { recursive: true, force: true });
        }
    });
});

describe("what a run was doing that was cut off", () => {
    const pending = (type: string, resourceType: string, metadata: object, urn = "new") =>
        ({ type, resource: { urn, type: resourceType, inputs: { metadata } } });
    const database = { name: "database", namespace: "production" };

    it("is looked for where it was made in a cluster, as it is never made twice there", () => {
        const namespace = pending("creating", "kubernetes:core/v1:Namespace", { name: "production" }, "namespace");
        const { settled, suppose } = settle({
            resources: [{ urn: "cluster", type: "pulumi:providers:kubernetes" }],
            pending_operations: [namespace, pending("creating", "kubernetes:apps/v1:StatefulSet", database)],
        });
        expect(suppose).toEqual(["namespace", "new"]);
        expect(settled.pending_operations).toEqual([]);
        expect(settled.resources).toMatchObject([
            { urn: "cluster" }, { urn: "namespace", id: "production" }, { urn: "new", id: "production/database" },
        ]);
    });

    it.each([
        ["was made anywhere else", pending("creating", "aws:eks/cluster:Cluster", {})],
        ["was only changed", pending("updating", "kubernetes:apps/v1:StatefulSet", database)],
        ["takes the place of one that is known", pending("creating", "kubernetes:apps/v1:StatefulSet", database, "known")],
    ])("is begun again where it %s", (_, operation) => {
        const resources = [{ urn: "known", type: "kubernetes:apps/v1:StatefulSet" }];
        expect(settle({ resources, pending_operations: [operation] }))
            .toEqual({ settled: { resources, pending_operations: [] }, suppose: [] });
    });
});

describe("what the kit has built", () => {
    const text = "# mine\nencryptionsalt: v1:abc\nconfig:\n  landfall:cluster: { target: kind } # here\n";

    it("stands in for the pinned one, and the rest of the file stays", () => {
        expect(withKitSettings(text, { image: "landfall/kind-node:1" })).toBe(
            text.replace("{ target: kind }", "{ target: kind, image: landfall/kind-node:1 }"));
    });

    it("is a list of flags for minikube", () => {
        const settings = { kubernetesVersion: "v1.36.4", flags: ["--force", "--cni=/a/b.yaml"] };
        const { config } = yaml.parse(withKitSettings(text.replace("kind", "minikube"), settings)) as { config: object };
        expect(config).toEqual({ "landfall:cluster": { target: "minikube", ...settings } });
        const chosen = text.replace("kind }", "minikube, kubernetesVersion: v1.35.0, flags: [] }");
        expect(withKitSettings(chosen, settings)).toBe(chosen);
    });

    it("goes where the cluster is, whichever way it is written, and other values stay as they are", () => {
        expect(withKitSettings("config:\n  cluster: { target: kind, nodes: 0x2, a: 12345678901234567890 }\n", { image: "kit:1" }))
            .toBe("config:\n  cluster: { target: kind, nodes: 0x2, a: 12345678901234567890, image: kit:1 }\n");
        expect(withKitSettings("base: &base { target: kind }\nconfig:\n  landfall:cluster: *base\n", { image: "kit:1" }))
            .toBe("base: &base { target: kind }\nconfig:\n  landfall:cluster: { target: kind, image: kit:1 }\n");
    });

    it("leaves the one that the user has chosen", () => {
        const chosen = text.replace("kind }", "kind, image: my/node:1 }");
        expect(withKitSettings(chosen, { image: "kit:1" })).toBe(chosen);
    });
});

describe("what is left by --keep-data", () => {
    const scripts = "components/cluster/kind";
    const claim = { urn: "claim", type: "kubernetes:core/v1:PersistentVolumeClaim", dependencies: ["namespace"] };
    const resources = [
        { urn: "namespace", type: "kubernetes:core/v1:Namespace" },
        { urn: "platform", type: "kubernetes:core/v1:Namespace" },
        { urn: "volumes", type: "command:local:Command", inputs: { delete: `${scripts}/delete-volumes.ts` } },
        { urn: "nodes", type: "command:local:Command", inputs: { delete: `${scripts}/delete.ts` } },
        { urn: "password", type: "random:index/randomPassword:RandomPassword" },
        { urn: "image", type: "docker:index/image:Image", inputs: { imageName: "landfall.local/web:1" } },
    ];

    it("is the volumes' directory and the passwords, where the cluster goes", () => {
        const kept = resourcesToKeep([...resources, { ...claim, deletedWith: "nodes" }]);
        expect([...kept].sort()).toEqual(["password", "volumes"]);
    });

    it.each(["mjs", "js"])("is the same for a stack whose state names scripts that end with .%s", ending => {
        const older = resources.map(resource => resource.inputs?.delete
            ? { ...resource, inputs: { delete: resource.inputs.delete.replace(/\.ts$/, `.${ending}`) } } : resource);
        expect([...resourcesToKeep(older)].sort()).toEqual(["password", "volumes"]);
    });

    it("is also the claims with their namespace, where the cluster stays", () => {
        const kept = resourcesToKeep([...resources, claim]);
        expect([...kept].sort()).toEqual(["claim", "namespace", "password", "volumes"]);
    });

    it("is nothing that is protected: then nothing goes", () => {
        const urn = "urn:pulumi:prod::landfall::landfall:cluster:Eks$aws:eks/cluster:Cluster::cluster-control-plane";
        const cluster = { urn, type: "aws:eks/cluster:Cluster", protect: true };
        expect(() => refuseProtected([...resources, cluster])).toThrow(
            /cluster-control-plane is protected[^]*deletionProtection to false[^]*Nothing was changed/);
        expect(() => refuseProtected([...resources, { ...cluster, protect: false }])).not.toThrow();
    });

    it("is none of the images, which are known by name", () => {
        expect(builtImages(resources)).toEqual(["landfall.local/web:1"]);
    });
});

describe("an object that exists already", () => {
    const reason = 'kubernetes:core/v1:Namespace resource "x": namespaces "production" already exists\n\nThe resource already ' +
        "exists in the cluster. This can happen when:\n\n  - Intentional upsert: set upsertExistingObjects on the provider";

    it("is named, without a way to take over whatever it is", () => {
        const explained = explainExisting(reason);
        expect(explained).toMatch(/^namespaces "production" exists already.*left alone.*who created the object/);
        expect(explained).not.toMatch(/upsert/i);
    });

    it("is the only thing that is explained", () => {
        expect(explainExisting("quota exceeded")).toBe("quota exceeded");
    });
});

describe("Pulumi's events", () => {
    const urn = "urn:pulumi:dev::landfall::landfall:app:WordPress$kubernetes:apps/v1:Deployment::web";
    const metadata = { op: "create", urn, type: "kubernetes:apps/v1:Deployment", provider: "" } as const;

    it("become lines for people, with the errors kept for the end", () => {
        const written: string[] = [];
        const report = new EventReport(new Terminal({ write: text => written.push(text) }, {}));
        report.onEvent({ sequence: 1, timestamp: 0, resourcePreEvent: { metadata } });
        expect(report.status()).toContain("creating Deployment web");
        report.onEvent({ sequence: 2, timestamp: 0, resOutputsEvent: { metadata } });
        expect(report.status()).toBe("");
        const diagnostic = { message: "<{%reset%}>no such image<{%reset%}>\n", color: "never" };
        report.onEvent({ sequence: 3, timestamp: 0, diagnosticEvent: { ...diagnostic, severity: "error" } });
        report.onEvent({ sequence: 4, timestamp: 0, diagnosticEvent: { ...diagnostic, severity: "info" } });
        const warn = (message: string) =>
            report.onEvent({ sequence: 5, timestamp: 0, diagnosticEvent: { message, color: "never", severity: "warning" } });
        warn(`using pulumi-resource-random from $PATH at ${cacheDirectory()}/kit/pulumi-bin-1/pulumi-resource-random\n`);
        warn("using pulumi-resource-random from $PATH at /usr/bin/pulumi-resource-random\n");
        expect(written).toEqual([
            "  ✓ Deployment web created (0 s)\n",
            "  ! using pulumi-resource-random from $PATH at /usr/bin/pulumi-resource-random\n", // a stranger's
        ]);
        expect(report.errors).toEqual(["no such image"]);
    });

    it("are shown where a script could not do something and went on, which Pulumi takes for progress", () => {
        const lines: string[] = [];
        const report = new EventReport({ line: (line = "") => void lines.push(line) } as Terminal);
        const says = (severity: "info" | "info#err", message: string, ephemeral: boolean): void =>
            report.onEvent({ sequence: 0, timestamp: 0, diagnosticEvent: { severity, message, ephemeral, color: "never" } });
        says("info#err", "waiting for one", true);
        says("info", "! The images x stay.", true);
        says("info#err", "<{%reset%}>! The images y stay.<{%reset%}>\n", false);
        expect(lines).toEqual(["  ! The images x stay.", "  ! The images y stay."]);
    });

    it("tell what a resource waits for, until it is done", () => {
        const report = new EventReport(new Terminal({ write: () => true }, {}));
        const says = (message: string, of = urn) => report.onEvent({
            sequence: 2, timestamp: 0, diagnosticEvent: { urn: of, message, color: "never", severity: "info", ephemeral: true },
        });
        report.onEvent({ sequence: 1, timestamp: 0, resourcePreEvent: { metadata } });
        says("<{%reset%}>0 of 2 pods are ready<{%reset%}>\n");
        says("not yet begun", `${urn}-2`);
        expect(report.status()).toMatch(/creating Deployment web \(0 s\): 0 of 2 pods are ready$/);
        says("1 of 2 pods is ready\nContainer \"web\" terminated: password=hunter2");
        expect(report.status()).toMatch(/: 1 of 2 pods is ready$/);
        report.onEvent({ sequence: 3, timestamp: 0, resOutputsEvent: { metadata } });
        expect(report.status()).toBe("");
    });

    it("leave out what does not change, and components", () => {
        const written: string[] = [];
        const report = new EventReport(new Terminal({ write: text => written.push(text) }, {}));
        for (const quiet of [{ ...metadata, op: "same" as const }, { ...metadata, type: "landfall:app:WordPress" }]) {
            report.onEvent({ sequence: 1, timestamp: 0, resourcePreEvent: { metadata: quiet } });
            report.onEvent({ sequence: 2, timestamp: 0, resOutputsEvent: { metadata: quiet } });
        }
        expect(written).toEqual([]);
    });

    it("name resources and count changes", () => {
        expect(describeResource(urn)).toBe("Deployment web");
        expect(describeChanges({ same: 80, create: 2, update: 0 })).toBe("2 created, 80 unchanged");
        expect(describeChanges({})).toBe("nothing to do");
    });
});
