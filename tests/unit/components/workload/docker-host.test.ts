import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { dockerContext, hiddenDaemon } from "../../../../components/workload/docker-host";
import { dockerEnvironment, dockerFinding } from "../../../../infra/cli/computer/docker";
import type { Probes } from "../../../../infra/cli/computer/probes";

let directory: string;
const host = "unix:///home/me/.colima/default/docker.sock";

beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
    for (const name of ["DOCKER_HOST", "DOCKER_CONTEXT"]) vi.stubEnv(name, undefined);
    vi.stubEnv("DOCKER_CONFIG", directory);
});
afterEach(() => {
    vi.unstubAllEnvs();
    fs.rmSync(directory, { recursive: true });
});

const hasDocker = spawnSync("docker", ["--version"]).status === 0;

describe("Docker's context", () => {
    it("is the default one where nothing else is chosen, and is then not asked for", () => {
        vi.stubEnv("PATH", "");
        expect(dockerContext()).toBeUndefined();
        fs.writeFileSync(path.join(directory, "config.json"), "{}");
        expect(dockerContext()).toBeUndefined();
        fs.writeFileSync(path.join(directory, "config.json"), "no JSON");
        expect(dockerContext()).toBeUndefined();
        vi.stubEnv("DOCKER_CONTEXT", "default");
        expect(dockerEnvironment()).toEqual({});
    });

    it.skipIf(!hasDocker)("is what Docker's CLI resolves, and leads the provider to its daemon", () => {
        const made = spawnSync("docker", ["context", "create", "colima", "--docker", `host=${host}`]);
        expect(made.status).toBe(0);
        expect(dockerContext()).toBeUndefined();
        spawnSync("docker", ["context", "use", "colima"]);
        expect(dockerContext()).toEqual({ name: "colima", host });
        expect(dockerEnvironment()).toEqual({ DOCKER_HOST: host });
        vi.stubEnv("DOCKER_CONTEXT", "default");
        expect(dockerContext()).toBeUndefined();
        vi.stubEnv("DOCKER_CONTEXT", "colima");
        expect(dockerContext()?.host).toBe(host);
        vi.stubEnv("DOCKER_CONTEXT", "nowhere");
        expect(dockerContext()).toBeUndefined();
        vi.stubEnv("DOCKER_CONTEXT", "colima");
        vi.stubEnv("DOCKER_HOST", "tcp://198.18.0.9:2375");
        expect(dockerContext()).toBeUndefined();
    });

    it("is named where plain pulumi would look elsewhere", () => {
        const socket = path.join(directory, "docker.sock");
        const context = { name: "rootless", host: `unix://${socket}` };
        const none = path.join(directory, "none.sock");
        expect(hiddenDaemon(context, directory, none)).toMatch(/context rootless[^]*Set DOCKER_HOST=unix:.*docker\.sock for pulumi/);
        fs.writeFileSync(socket, "");
        expect(hiddenDaemon(context, directory, none)).toBeDefined();
        fs.symlinkSync(socket, none);
        expect(hiddenDaemon(context, directory, none)).toBeUndefined();
        expect(hiddenDaemon(undefined, directory, none)).toBeUndefined();
    });

    it("on Windows is named too, unless it is Docker Desktop's", () => {
        const named = (pipe: string) => hiddenDaemon({ name: "x", host: `npipe:////./pipe/${pipe}` }, directory, path.join(directory, "none.sock"));
        expect(["docker_engine", "dockerDesktopLinuxEngine"].map(named)).toEqual([undefined, undefined]);
        expect(named("podman-machine-default")).toContain("Set DOCKER_HOST=npipe:////./pipe/podman-machine-default");
    });

    it("of Docker Desktop is a matter of starting that, on every system", () => {
        const docker = { installed: true, error: "no such file", context: { name: "desktop-linux", host: "npipe:////./pipe/dockerDesktopLinuxEngine" } };
        for (const platform of ["win32", "darwin", "linux"] as const) {
            expect(dockerFinding(docker, { platform, rootOnDebian: false } as Probes).finding.remedy).toBe("Start Docker Desktop and wait until it says that it runs.");
        }
    });

    it("is named where its daemon doesn't answer, and no other is installed for it", () => {
        const docker = { installed: true, error: "Is the daemon running?", context: { name: "colima", host } };
        const { finding, setUp } = dockerFinding(docker, { platform: "linux", rootOnDebian: true } as Probes);
        expect([setUp, finding.state]).toEqual([false, "problem"]);
        expect(finding.remedy).toMatch(/context is colima[^]*\.colima[^]*docker context use/);
    });
});
