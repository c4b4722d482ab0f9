import * as fs from "node:fs";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { minikubeStartArgs } from "../../../../../components/cluster/minikube/start";
import { FakeComputer, Result } from "../../../fixtures/cluster-fakes";

const name = "landfall-test";
const pin = "v1.36.4";

// The fakes are files with a #! line.
describe.skipIf(process.platform === "win32")("minikube's scripts", () => {
    let computer: FakeComputer;
    beforeEach(() => void (computer = new FakeComputer()));
    afterEach(() => computer.dispose());

    interface Settings {
        nodes?: number;
        driver?: string;
        revision?: number;
        flags?: string[];
        kubernetesVersion?: string;
    }
    const environment = (incarnation: string, {
        nodes = 1, driver = "docker", revision = 0, flags = [], kubernetesVersion,
    }: Settings = {}) => ({
        CLUSTER_NAME: name,
        CLUSTER_OWNER: "landfall/test",
        CLUSTER_CONFIG: JSON.stringify(minikubeStartArgs({
            name, driver, nodes, kubernetesVersion, cpus: 2, memory: "4Gi", http: 8080, https: 8443, flags,
        })),
        CLUSTER_KUBERNETES: kubernetesVersion ?? pin,
        INCARNATION: incarnation,
        REVISION: String(revision),
        MAY_START: "true",
    });
    const run = (script: string, settings: Record<string, string>): Result =>
        computer.run(`components/cluster/minikube/${script}.ts`, settings);
    const status = (settings = environment("unused")): Record<string, unknown> => {
        const { code, stdout, stderr } = run("status", settings);
        if (code !== 0) throw new Error(stderr);
        return JSON.parse(stdout) as Record<string, unknown>;
    };
    const changes = (): string[] =>
        computer.calls("minikube").map(({ args }) => args[0]).filter(command => command !== "config");
    const starts = (): number => computer.calls("minikube").filter(({ args }) => args[0] === "start").length;

    test("create prints nothing but a kubeconfig that is complete in itself", () => {
        const { code, stdout, stderr } = run("create", environment("one"));
        expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
        expect(stdout).toContain("server: https://127.0.0.1:32769");
        expect(stdout).toContain(`certificate-authority-data: ${Buffer.from("authority").toString("base64")}`);
        expect(stdout).not.toContain("ca.crt");
        expect(status()).toEqual({ incarnation: "one", revision: 0, started: false, kubernetesVersion: pin });
    });

    test("the user's kubeconfig stays as it is, and no program gets the passphrase", () => {
        run("create", environment("one"));
        run("delete", environment("one"));
        const own = path.join(computer.home, name, "kubeconfig");
        for (const { kubeconfig, passphrase } of computer.calls("minikube")) {
            expect({ kubeconfig, passphrase }).toEqual({ kubeconfig: own, passphrase: undefined });
        }
        expect(fs.existsSync(computer.home)).toBe(false);
    });

    test("a stopped cluster is started but not by a preview, and its new address updates the kubeconfig", () => {
        run("create", environment("one"));
        computer.change(state => void (state.profiles[name].running = false));
        expect(status({ ...environment("unused"), MAY_START: "false" })).toMatchObject({ revision: 0, started: false });
        expect(status()).toEqual({ incarnation: "one", revision: 1, started: true, kubernetesVersion: pin });
        expect(status()).toEqual({ incarnation: "one", revision: 1, started: false, kubernetesVersion: pin });
        const updated = run("create", environment("one", { revision: 1 }));
        expect(updated.stdout).toContain("server: https://127.0.0.1:32770");
        expect(status()).toEqual({ incarnation: "one", revision: 1, started: false, kubernetesVersion: pin });
    });

    test("a cluster that was created with --force is started with it too", () => {
        const forced = environment("one", { flags: ["--force", "--cni=flannel"] });
        run("create", forced);
        computer.change(state => void (state.profiles[name].running = false));
        expect(status(forced)).toMatchObject({ started: true });
        expect(computer.calls("minikube").filter(({ args }) => args[0] === "start").at(-1)?.args)
            .toEqual(["start", "--profile", name, "--force", "--kubernetes-version", pin]);
    });

    test("an address that changed between two runs is noticed", () => {
        run("create", environment("one"));
        computer.change(state => void state.profiles[name].port++);
        expect(status()).toEqual({ incarnation: "one", revision: 1, started: false, kubernetesVersion: pin });
    });

    test("a cluster deleted by hand is not found, and created again", () => {
        run("create", environment("one"));
        fs.rmSync(path.join(computer.directory, "mini"), { recursive: true });
        computer.change(state => void (state.profiles = {}));
        expect(status()).toEqual({});
        expect(run("delete", environment("one")).code).toBe(0);
        expect(run("create", environment("two")).code).toBe(0);
        expect(status().incarnation).toBe("two");
    });

    test("a container removed by hand is not found", () => {
        run("create", environment("one"));
        computer.change(state => void (state.profiles[name].gone = true));
        expect(status()).toEqual({});
    });

    test("a machine that minikube doesn't find doesn't count as deleted, because its hypervisor may be off", () => {
        run("create", environment("one", { driver: "kvm2" }));
        computer.change(state => void (state.profiles[name].gone = true));
        expect(() => status(environment("unused", { driver: "kvm2" }))).toThrow(/does not find the machine/);
    });

    test("a changed setting is not found, and create replaces the cluster", () => {
        run("create", environment("one"));
        const changed = environment("two", { nodes: 3 });
        expect(status(changed)).toEqual({});
        expect(run("create", changed).code).toBe(0);
        expect(changes()).toEqual(["start", "delete", "start"]);
        expect(status(changed).incarnation).toBe("two");
    });

    /** A cluster of an earlier version of Landfall, with minikube's own Kubernetes version, which no record names. */
    const createWithoutPin = (own: string): void => {
        computer.change(state => void (state.behave.knows = [own]));
        const { CLUSTER_KUBERNETES, ...unpinned } = environment("one");
        expect(run("create", unpinned).code).toBe(0);
        computer.change(state => void (state.behave.knows = undefined));
    };
    const version = (): string | undefined => computer.state.profiles[name].version;

    test("a new cluster has the pinned version, unless the settings name another", () => {
        computer.change(state => void (state.behave.knows = ["v1.37.0", pin]));
        run("create", environment("one"));
        expect(version()).toBe(pin);
        const chosen = environment("two", { kubernetesVersion: "v1.37.0" });
        expect(status(chosen)).toEqual({});
        run("create", chosen);
        expect(version()).toBe("v1.37.0");
    });

    test("an existing cluster keeps its version, whatever is pinned later", () => {
        createWithoutPin("v1.34.0");
        expect(status()).toEqual({ incarnation: "one", revision: 0, started: false, kubernetesVersion: "" });
        computer.change(state => void (state.profiles[name].running = false));
        expect(status()).toMatchObject({ incarnation: "one", revision: 1, started: true });
        const { CLUSTER_KUBERNETES, ...unpinned } = environment("one", { revision: 1 });
        expect(run("create", unpinned).code).toBe(0);
        expect(version()).toBe("v1.34.0");
        expect(changes()).not.toContain("delete");

        run("delete", environment("one"));
        run("create", environment("two"));
        const later = { ...environment("unused"), CLUSTER_KUBERNETES: "v1.37.0" };
        expect(status(later)).toMatchObject({ incarnation: "two", kubernetesVersion: pin });
    });

    test("naming the version that a cluster has, or no longer naming it, keeps the cluster; naming another doesn't", () => {
        const named = environment("one", { kubernetesVersion: "v1.35.9" });
        createWithoutPin("v1.35.9");
        expect(status(named)).toMatchObject({ incarnation: "one" });
        expect(run("create", named).code).toBe(0);
        expect(status()).toMatchObject({ incarnation: "one" });
        expect(status(environment("unused", { kubernetesVersion: "v1.36.3" }))).toEqual({});
        expect(status(environment("unused", { kubernetesVersion: "v1.35.9", nodes: 2 }))).toEqual({});
        expect(changes()).not.toContain("delete");
    });

    test("a version that minikube can't create is refused before anything changes", () => {
        computer.change(state => void (state.behave.knows = ["v1.34.0", "v1.33.4"]));
        for (const settings of [environment("one"), { ...environment("one"), MAY_START: "false" }]) {
            const { code, stdout, stderr } = run("status", settings);
            expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
            expect(stderr).toMatch(/no cluster of Kubernetes v1\.36\.4\. It says: Kubernetes v1\.36\.4 is not supported\n/);
            expect(stderr).toMatch(/newer minikube, https:.*\{ target: minikube, kubernetesVersion: v1\.34\.0 \}\nNothing was changed\./);
        }
        computer.change(state => void (state.behave.minikube = "offline"));
        expect(run("status", environment("one")).stderr).toMatch(/no such host\n.*api\.github\.com/);
        expect(computer.state.profiles).toEqual({});
        expect(fs.existsSync(path.join(computer.directory, "mini"))).toBe(false);
        expect(fs.existsSync(computer.home)).toBe(false);
    });

    test.each<[string, object, Settings]>([
        ["one that it lists", {}, {}],
        ["a minor version that it lists", {}, { kubernetesVersion: "1.36" }],
        ["one that it finds", { minikube: "asks", knows: ["v1.34.0"] }, {}],
        ["one that it is forced to create", { knows: ["v1.34.0"] }, { flags: ["--force"] }],
        ["one about which it says nothing, because Docker is off", { minikube: "down", knows: ["v1.34.0"] }, {}],
    ])("a version isn't refused: %s", (_, behave, settings) => {
        computer.change(state => void (state.behave = behave));
        expect(status(environment("one", settings))).toEqual({});
    });

    test("a cluster of a version that minikube had to look up starts offline", () => {
        computer.change(state => void (state.behave = { minikube: "asks", knows: ["v1.34.0"] }));
        run("create", environment("one"));
        computer.change(state => {
            state.profiles[name].running = false;
            state.behave.minikube = "offline";
        });
        expect(status()).toMatchObject({ incarnation: "one", started: true });
        expect(run("create", environment("one", { revision: 1 })).code).toBe(0);
        expect(version()).toBe(pin);
    });

    test("a profile that someone else made is refused and not touched", () => {
        run("create", environment("one"));
        const other = { ...environment("two"), CLUSTER_OWNER: "landfall/other" };
        expect(run("claim", other).stderr).toMatch(/belongs to the stack landfall\/test, not to landfall\/other/);
        expect(run("create", other).stderr).toMatch(/belongs to the stack/);
        expect(run("delete", other).code).toBe(0);
        fs.rmSync(computer.home, { recursive: true });
        expect(status()).toEqual({});
        expect(run("claim", environment("two")).stderr).toMatch(/Landfall did not make; it is left alone/);
        expect(run("delete", environment("two")).code).toBe(0);
        expect(computer.state.profiles[name]).toBeDefined();
        expect(starts()).toBe(1);
    });

    test("a failed create says why, and leaves nothing", () => {
        computer.change(state => void (state.behave.minikube = "fail"));
        const result = run("create", environment("one"));
        expect(result).toMatchObject({ code: 1, stdout: "" });
        expect(result.stderr).toMatch(/could not make the cluster landfall-test.\nExiting due to GUEST_PROVISION/);
        expect(changes()).toEqual(["start", "delete"]);
        expect(fs.existsSync(computer.home)).toBe(false);
    });

    test("an image that minikube only claims to have loaded is an error", () => {
        run("create", environment("one"));
        const image = { CLUSTER_NAME: name, INCARNATION: "one", IMAGE: "landfall.local/web:1" };
        expect(run("load-image", image)).toEqual({ code: 0, stdout: "", stderr: "" });
        computer.change(state => void (state.behave.minikube = "lies"));
        const second = run("load-image", { ...image, IMAGE: "landfall.local/web:2" });
        expect(second.stderr).toMatch(/web:2 could not be loaded/);
    });

    test.each([["docker", 1], ["containerd", 2]])("an environment's images go from nodes with %s, and no others", (runtime, nodes) => {
        computer.change(state => void (state.behave = { runtime }));
        run("create", environment("one", { nodes }));
        const names = ["landfall.local/web:1", "landfall.local/branch-x_web:1", "landfall.local/branch-x_web:2", "landfall.local/branch-x_web2:1"];
        for (const IMAGE of names) run("load-image", { CLUSTER_NAME: name, IMAGE });
        expect(run("unload-images", { CLUSTER_NAME: name, REPOSITORY: "landfall.local/branch-x_web" })).toEqual({ code: 0, stdout: "", stderr: "" });
        expect(computer.state.profiles[name].images).toEqual([names[0], names[3]]);
        const asked = computer.calls("minikube").filter(({ args }) => args[0] === "ssh").map(({ args }) => args.slice(3, args.indexOf("--")).join(" "));
        expect([...new Set(asked)]).toEqual(runtime === "docker" ? [] : ["", "--node m02"]);
        // `minikube image rm` would remove all names of an image there.
        expect(computer.calls("minikube").some(({ args }) => args[1] === "rm")).toBe(runtime === "docker");
    });

    test("images that can't be removed are a warning, not a failure", () => {
        run("create", environment("one"));
        run("load-image", { CLUSTER_NAME: name, IMAGE: "landfall.local/branch-x_web:1" });
        computer.change(state => void (state.behave.minikube = "busy"));
        expect(run("unload-images", { CLUSTER_NAME: name, REPOSITORY: "landfall.local/branch-x_web" })).toEqual({
            code: 0, stdout: "",
            stderr: "! The images landfall.local/branch-x_web stay on the cluster's nodes. minikube doesn't remove them from the cluster landfall-test. "
                + "X Exiting due to GUEST_IMAGE_REMOVE Try again.\n",
        });
    });
});

test("the user's flags come last, where they override others", () => {
    const args = minikubeStartArgs({
        name, nodes: 1, cpus: 2, memory: "4Gi", http: 8080, https: 8443, flags: ["--cni=flannel", "--force"],
    });
    expect(args.slice(-2)).toEqual(["--cni=flannel", "--force"]);
});

test("ports are published on 127.0.0.1 only, and only by drivers that can", () => {
    const args = { name, nodes: 1, cpus: 2, memory: "4Gi", http: 8080, https: 8443 };
    const ports = (driver?: string): string[] =>
        minikubeStartArgs({ ...args, driver }).filter((_, index, all) => all[index - 1] === "--ports");
    expect(ports()).toEqual(["127.0.0.1:8080:30080", "127.0.0.1:8443:30443"]);
    expect(ports("podman")).toEqual(ports());
    expect(ports("kvm2")).toEqual([]);
    expect(minikubeStartArgs({ ...args, driver: "none" })).not.toContain("--memory");
});
