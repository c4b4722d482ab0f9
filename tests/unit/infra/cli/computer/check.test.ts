import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkComputer } from "../../../../../infra/cli/computer/check";
import { needsOf } from "../../../../../infra/cli/computer/needs";
import { daemonState, existingAbove, Probes, probes as realProbes, stateOf } from "../../../../../infra/cli/computer/probes";
import { showReport } from "../../../../../infra/cli/computer/report";
import { Terminal } from "../../../../../infra/cli/terminal";
import { parseSettings } from "../../../../../infra/config";

const needs = needsOf(parseSettings({ cluster: { target: "kind", name: "mine" } }, "dev"));

/** A laptop on which all is well, except what a test changes. */
function laptop(changes: Partial<Probes> = {}): Probes {
    return {
        platform: "linux",
        rootOnDebian: false,
        docker: async () => ({ installed: true, memory: 8e9 }),
        disks: () => [{ directory: "/home/me/.landfall", free: 100e9 }],
        port: async () => ({ free: true }),
        onPath: () => true,
        inotify: () => ({ watches: 1_048_576, instances: 8192 }),
        answers: async () => true,
        distrusted: async () => undefined,
        ...changes,
    };
}

async function check(changes: Partial<Probes>, kit?: boolean) {
    const report = await checkComputer(needs, laptop(changes), kit);
    const text = report.findings.map(({ state, text, remedy = "" }) => `${state} ${text} ${remedy}`).join("\n");
    const problems = report.findings.filter(({ state }) => state === "problem").length;
    return { ...report, text, problems };
}

describe("the checks of the computer", () => {
    let cache: string;

    beforeEach(() => {
        cache = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
        vi.stubEnv("LANDFALL_CACHE", cache);
        vi.stubEnv("DOCKER_HOST", undefined);
    });
    afterEach(() => {
        vi.unstubAllEnvs();
        fs.rmSync(cache, { recursive: true });
    });

    it("find nothing where all is well", async () => {
        const { problems, kit, setUpDocker, text } = await check({});
        expect({ problems, kit, setUpDocker }).toEqual({ problems: 0, kit: false, setUpDocker: false });
        expect(text).toContain("ok Port 8080 is free");
        expect(text).toContain("ok The network is open");
    });

    it.each([
        ["darwin", "https://docs.docker.com/desktop/setup/install/mac-install/"],
        ["win32", "https://docs.docker.com/desktop/setup/install/windows-install/"],
        ["linux", "https://docs.docker.com/engine/install/"],
    ] as const)("say what to install where Docker is missing on %s", async (platform, link) => {
        const { problems, setUpDocker, text } = await check({ platform, docker: async () => ({ installed: false }) });
        expect({ problems, setUpDocker }).toEqual({ problems: 1, setUpDocker: false });
        expect(text).toContain(link);
    });

    it("leave Docker to be installed as root on Debian", async () => {
        const { problems, setUpDocker, text } = await check({
            rootOnDebian: true, docker: async () => ({ installed: false }),
        });
        expect({ problems, setUpDocker }).toEqual({ problems: 0, setUpDocker: true });
        expect(text).toContain("Debian's docker.io will be installed");
    });

    it("tell a daemon that may not be used from one that doesn't run", async () => {
        const denied = await check({ docker: async () => ({ installed: true, error: "permission denied" }) });
        expect(denied.text).toContain("usermod -aG docker");
        const stopped = await check({ docker: async () => ({ installed: true, error: "Is the daemon running?" }) });
        expect(stopped.text).toContain("systemctl start docker");
    });

    it("do not take another daemon for the one that DOCKER_HOST names", async () => {
        vi.stubEnv("DOCKER_HOST", "tcp://198.18.0.9:2375");
        const docker = async () => ({ installed: true, error: "no route to host" });
        const { setUpDocker, text } = await check({ rootOnDebian: true, docker });
        expect(setUpDocker).toBe(false);
        expect(text).toContain("DOCKER_HOST is tcp://198.18.0.9:2375");
    });

    it("want 4 GB of memory for Docker", async () => {
        expect((await check({ docker: async () => ({ installed: true, memory: 2e9 }) })).text)
            .toContain("2.0 GB of memory; 4 GB are needed");
        expect((await check({ docker: async () => ({ installed: true, memory: 3.8e9 }) })).problems).toBe(0);
    });

    it("tell Docker's containers of Windows from those of Linux, and how to switch", async () => {
        const { problems, text } = await check({ platform: "win32", docker: async () => ({ installed: true, ...daemonState({ MemTotal: 8e9, OSType: "windows" }) }) });
        expect(problems).toBe(1);
        expect(text).toMatch(/problem Docker is set to Windows containers.* Switch to Linux containers/);
        expect(daemonState({ MemTotal: 8e9, OSType: "linux" })).not.toHaveProperty("windows");
        expect(daemonState({ OSType: "windows", ServerErrors: ["no"] })).toEqual({ error: "no" });
    });

    describe("of the kernel", () => {
        const on = (cgroup: "1" | "2", here = true) => async () => ({ installed: true, memory: 8e9, cgroup, here });

        it("want cgroup v2, without which this Kubernetes doesn't start, unless it is the kit's", async () => {
            expect((await check({ docker: on("2") })).text).not.toMatch(/cgroup/);
            const refused = await check({ docker: on("1", false) });
            expect(refused.problems).toBe(1);
            expect(refused.text).toMatch(/problem Docker runs on cgroup v1[^]*systemd\.unified_cgroup_hierarchy=1[^]*\.wslconfig/);
            expect((await check({ docker: on("1"), rootOnDebian: true }, true)).problems).toBe(0);
        });

        it.each([
            ["kind", { image: "kindest/node:v1.34.3" }], ["minikube", {}],
        ])("leave cgroup v1 to another Kubernetes: %s", async (target, more) => {
            const others = needsOf(parseSettings({ cluster: { target, name: "mine", ...more } }, "dev"));
            const { findings } = await checkComputer(others, laptop({ docker: on("1") }));
            expect(findings.filter(({ text }) => text.includes("cgroup v1")).map(({ state }) => state)).toEqual(["note"]);
        });

        it.each([
            ["ok", 1_048_576, 8192], ["ok", 65_536, 512], ["note", 65_535, 512], ["note", 524_288, 128],
            ["problem", 524_288, 127], ["problem", 8191, 8192],
        ])("say of inotify's limits: %s for %i watches and %i instances", async (state, watches, instances) => {
            const { findings } = await check({ docker: on("2"), inotify: () => ({ watches, instances }) });
            const found = findings.filter(({ text }) => text.includes("inotify"));
            expect(found.map(finding => finding.state)).toEqual(state === "ok" ? [] : [state]);
            for (const { remedy } of found) {
                expect(remedy).toContain("`sudo sysctl fs.inotify.max_user_watches=524288`");
                expect(remedy).toContain(`\`sudo sysctl fs.inotify.max_user_instances=${Math.max(512, instances)}\``);
            }
        });

        it("ask this computer's kernel only if Docker's containers run on it", async () => {
            const inotify = () => ({ watches: 1, instances: 1 });
            expect((await check({ docker: on("2", false), inotify })).problems).toBe(0);
            expect((await check({ docker: on("2"), inotify })).problems).toBe(1);
        });
    });

    it("name the owner of a port, and the setting that moves it", async () => {
        const port = async (number: number) => (number === 8080 ? { free: false, container: "proxy" } : { free: true });
        const { problems, text } = await check({ port });
        expect(problems).toBe(1);
        expect(text).toContain("Port 8080 of 127.0.0.1 is in use by the container proxy");
        expect(text).toContain("set landfall:cluster.http to another port");
        expect((await check({ platform: "darwin", port: async () => ({ free: false }) })).text)
            .toContain("lsof -nP -iTCP:8443");
        // In both of its shells.
        expect((await check({ platform: "win32", port: async () => ({ free: false }) })).text).toContain("`netstat -ano | findstr :8443`");
    });

    it("name the ports that Windows reserves, and how to find others", async () => {
        const { problems, text } = await check({ platform: "win32", port: async () => ({ free: false, reserved: true }) });
        expect(problems).toBe(2);
        expect(text).toMatch(/Windows reserves port 8443 Set landfall:cluster\.https to .*netsh interface ipv4 show excludedportrange protocol=tcp/);
    });

    it("allow the port to the stack's own cluster, and to no other", async () => {
        const used = (cluster: string) => async () => ({ free: false, container: "x", cluster });
        expect((await check({ port: used("mine") })).problems).toBe(0);
        expect((await check({ port: used("other") })).problems).toBe(2);
    });

    it("want more disk where the kit is to be built", async () => {
        const disks = () => [{ directory: "/a", free: 50e9 }, { directory: "/b", free: 12e9 }];
        expect((await check({ disks })).problems).toBe(0);
        const closed = { disks, rootOnDebian: true, answers: async () => false };
        expect((await check(closed)).text).toContain("problem 12 GB of disk are free at /b; 25 GB are needed");
        fs.mkdirSync(path.join(cache, "kit"));
        expect((await check(closed)).problems).toBe(0);
        expect((await check({ disks: () => [{ directory: "/a", free: 9e9 }] })).text).toContain("10 GB are needed");
    });

    it("choose the kit on a closed network, and say what it lacks", async () => {
        const answers = async () => false;
        const able = await check({ answers, rootOnDebian: true });
        expect({ kit: able.kit, problems: able.problems, pulumi: able.network.pulumi })
            .toEqual({ kit: true, problems: 0, pulumi: false });
        const unable = await check({ answers, onPath: () => false });
        expect(unable.problems).toBe(3);
        expect(unable.text).toContain("The kit needs root on a Debian-family Linux");
        expect(unable.text).toContain("https://go.dev/doc/install");
        expect(unable.text).toContain("python3-pip");
    });

    describe("behind a proxy whose certificate isn't trusted", () => {
        const inspected = { answers: async () => false, distrusted: async () => "SELF_SIGNED_CERT_IN_CHAIN" };

        it("say so, and name the variable, instead of choosing the kit", async () => {
            const { kit, problems, text } = await check({ ...inspected, rootOnDebian: true });
            expect({ kit, problems }).toEqual({ kit: false, problems: 1 });
            expect(text).toMatch(/problem Node doesn't trust the certificate that get\.pulumi\.com shows \(SELF_SIGNED_CERT_IN_CHAIN\).*NODE_EXTRA_CA_CERTS/);
            expect(text).not.toMatch(/network is closed|doesn't answer/);
        });

        it("let a stack be that has what it needs", async () => {
            expect(await check(inspected, false)).toMatchObject({ kit: false, problems: 0, text: expect.stringContaining("note Node doesn't trust") as string });
            expect(await check({ ...inspected, rootOnDebian: true }, true)).toMatchObject({ kit: true, problems: 0 });
        });
    });

    it("choose it for what runs in Docker", async () => {
        const kit = async (cluster: object): Promise<boolean> => {
            const needed = needsOf(parseSettings({ cluster, environment: { host: "a.example.com" } }, "dev"));
            return (await checkComputer(needed, laptop({ answers: async () => false, rootOnDebian: true }))).kit;
        };
        expect(await kit({ target: "minikube" })).toBe(true);
        expect(await kit({ target: "minikube", driver: "kvm2" })).toBe(false);
        expect(await kit({ target: "existing", context: "a", registry: "ghcr.io/a", sharedStorageClass: "a" })).toBe(false);
    });

    it("stay with what the stack was started with", async () => {
        expect((await check({ answers: async () => false }, false)).kit).toBe(false);
        expect((await check({ rootOnDebian: true }, true)).kit).toBe(true);
    });

    it("ask nothing of the computer for a cluster elsewhere with ready images", async () => {
        const elsewhere = needsOf(parseSettings({
            cluster: { target: "existing", context: "prod", sharedStorageClass: "shared" },
            environment: { host: "www.example.com" },
            app: { web: { image: "example/web:1" }, database: { image: "example/database:1" } },
        }, "prod"));
        const never = () => { throw new Error("asked"); };
        const asked = laptop({ docker: never, disks: never, port: never });
        const { findings } = await checkComputer(elsewhere, asked);
        expect(findings.every(({ state }) => state === "ok")).toBe(true);
    });

    it("need Docker where images are built, but no port", () => {
        const { docker, ports } = needsOf(parseSettings({
            cluster: { target: "existing", context: "prod", sharedStorageClass: "s", registry: "ghcr.io/example" },
            environment: { host: "www.example.com" },
        }, "prod"));
        expect({ docker, ports }).toEqual({ docker: true, ports: [] });
    });

    it("report every problem, and stop", async () => {
        const report = await check({ docker: async () => ({ installed: false }), port: async () => ({ free: false }) });
        const written: string[] = [];
        const terminal = new Terminal({ write: text => written.push(text) }, {});
        expect(() => showReport(report.findings, terminal)).toThrow("the 3 lines marked ✗");
        expect(written.filter(line => line.includes("✗"))).toHaveLength(3);
    });
});

describe("the probe of a port", () => {
    it("tells a free one from one in use", async () => {
        const server = net.createServer();
        await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
        const { port } = server.address() as net.AddressInfo;
        expect((await realProbes.port(port)).free).toBe(false);
        await new Promise(resolve => server.close(resolve));
        expect((await realProbes.port(port)).free).toBe(true);
    });

    it.each([
        ["linux", undefined, { free: true }], ["linux", "EACCES", { free: true }], ["linux", "EADDRINUSE", { free: false }],
        ["win32", undefined, { free: true }], ["win32", "EACCES", { free: false, reserved: true }], ["win32", "EADDRINUSE", { free: false }],
    ] as const)("tells what a failure to listen means: on %s, %s", (platform, error, expected) => {
        expect(stateOf(error, platform)).toEqual(expected);
    });
});

describe("the probe of an address", () => {
    afterEach(() => void vi.unstubAllGlobals());

    it.each([
        ["SELF_SIGNED_CERT_IN_CHAIN", "SELF_SIGNED_CERT_IN_CHAIN"], ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
        ["ENOTFOUND", undefined], [undefined, undefined],
    ])("tells a certificate that isn't trusted from silence: %s", async (code, expected) => {
        vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error(), { code }) })));
        expect(await realProbes.distrusted("https://get.pulumi.invalid")).toBe(expected);
        expect(await realProbes.answers("https://get.pulumi.invalid")).toBe(false);
    });
});

describe("the probe of a disk", () => {
    it("asks the directory that exists, and refuses a drive that doesn't", () => {
        const above = (directory: string) => existingAbove(directory, found => found === "C:\\Users", path.win32);
        expect(above("C:\\Users\\pat\\.landfall")).toBe("C:\\Users");
        expect(() => above("Z:\\landfall")).toThrow("There is no drive Z:\\, which LANDFALL_HOME or LANDFALL_CACHE names");
    });
});
