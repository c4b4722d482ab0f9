import { dockerContext } from "../../../components/workload/docker-host";
import { run } from "../../offline/kit/run";
import { DockerState, Probes } from "./probes";
import type { Finding } from "./report";

/** Below this a cluster with the application runs out of memory; a Docker Desktop set to 4 GB reports a little less. */
const enoughMemory = 3.7e9;

const guides: Partial<Record<NodeJS.Platform, string>> = {
    darwin: "Install Docker Desktop for Mac: https://docs.docker.com/desktop/setup/install/mac-install/",
    win32: "Install Docker Desktop for Windows: https://docs.docker.com/desktop/setup/install/windows-install/",
};
const linuxGuide = "Install Docker Engine for your distribution: https://docs.docker.com/engine/install/";

const windowsFinding: Finding = {
    state: "problem",
    text: "Docker is set to Windows containers; the stack needs Linux containers",
    remedy: "In Docker Desktop's menu beside the clock, choose: Switch to Linux containers.",
};

/** The finding on Docker, and whether the command installs or starts it. */
export function dockerFinding(docker: DockerState, probes: Probes): { finding: Finding; setUp: boolean } {
    if (docker.windows) return { finding: windowsFinding, setUp: false };
    if (docker.memory !== undefined) return { finding: memoryFinding(docker.memory, probes), setUp: false };
    if (probes.rootOnDebian && !process.env.DOCKER_HOST && !docker.context) {
        const text = docker.installed
            ? "Docker's daemon doesn't run: it will be started"
            : "Docker is not installed: Debian's docker.io will be installed and its daemon started";
        return { finding: { state: "note", text }, setUp: true };
    }
    const [text, remedy] = docker.installed
        ? [`Docker is installed, but doesn't answer: ${docker.error}`, startAdvice(docker, probes.platform)]
        : ["Docker is not installed", `${guides[probes.platform] ?? linuxGuide} Then run the command again.`];
    return { finding: { state: "problem", text, remedy }, setUp: false };
}

function startAdvice({ error = "", context }: DockerState, platform: NodeJS.Platform): string {
    const desktop = "Start Docker Desktop and wait until it says that it runs.";
    if (context?.name.startsWith("desktop-")) return desktop;
    if (context) {
        return `Its context is ${context.name}, with the daemon at ${context.host}: start that, ` +
            "or choose another (docker context ls, docker context use NAME).";
    }
    if (process.env.DOCKER_HOST) return `DOCKER_HOST is ${process.env.DOCKER_HOST}: start that daemon or unset it.`;
    if (guides[platform]) return desktop;
    if (/permission denied/i.test(error)) {
        return "Let yourself use it (`sudo usermod -aG docker $USER`), then log out and in again.";
    }
    return "Start it: `sudo systemctl start docker`.";
}

function memoryFinding(memory: number, probes: Probes): Finding {
    const text = `Docker answers, with ${(memory / 1e9).toFixed(1)} GB of memory`;
    if (memory >= enoughMemory) return { state: "ok", text };
    return {
        state: "problem",
        text: `${text}; 4 GB are needed`,
        remedy: guides[probes.platform]
            ? "Give it more in Docker Desktop: Settings, Resources, Memory."
            : "Use a computer or virtual machine with more memory.",
    };
}

/** The network that kind creates for its nodes and never removes. */
const kindNetwork = "kind";

/** Whether kind's network exists; false without Docker. */
export async function hasKindNetwork(): Promise<boolean> {
    const names = await run("docker", ["network", "ls", "--format", "{{.Name}}"]).catch(() => "");
    return names.split("\n").includes(kindNetwork);
}

/** Removes kind's network if no container uses it. Returns whether it did. */
export async function removeKindNetwork(): Promise<boolean> {
    if (!(await hasKindNetwork())) return false;
    const used = await run("docker", ["network", "inspect", kindNetwork, "--format", "{{len .Containers}}"]);
    const stopped = await run("docker", ["ps", "--all", "--quiet", "--filter", `network=${kindNetwork}`]);
    if (used !== "0" || stopped !== "") return false;
    await run("docker", ["network", "rm", kindNetwork]);
    return true;
}

/** Environment that makes Pulumi's Docker provider use the same daemon as the CLI's context. */
export function dockerEnvironment(): Record<string, string> {
    const context = dockerContext();
    return context ? { DOCKER_HOST: context.host } : {};
}

/** Names of the images on this computer that the program built, for any stack. */
export async function builtImagesHere(): Promise<string[]> {
    const args = ["images", "--filter", "reference=landfall.local/*", "--format", "{{.Repository}}:{{.Tag}}"];
    return (await run("docker", args).catch(() => "")).split("\n").filter(Boolean);
}

/** Removes images that no container uses. Returns the names of those that it removed. */
export async function removeImages(names: readonly string[]): Promise<string[]> {
    const removed: string[] = [];
    for (const name of names) {
        if (await run("docker", ["image", "rm", name]).then(() => true, () => false)) removed.push(name);
    }
    return removed;
}
