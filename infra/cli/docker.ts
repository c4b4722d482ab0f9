import { dockerContext } from "../../components/workload/docker-host";
import { run } from "../offline/kit/run";

/** The network that kind makes for its nodes, and keeps. */
const kindNetwork = "kind";

/** Whether kind's network is there; false where Docker isn't. */
export async function hasKindNetwork(): Promise<boolean> {
    const names = await run("docker", ["network", "ls", "--format", "{{.Name}}"]).catch(() => "");
    return names.split("\n").includes(kindNetwork);
}

/** Removes kind's network if no container is left in it; says whether it did. */
export async function removeKindNetwork(): Promise<boolean> {
    if (!(await hasKindNetwork())) return false;
    const used = await run("docker", ["network", "inspect", kindNetwork, "--format", "{{len .Containers}}"]);
    const stopped = await run("docker", ["ps", "--all", "--quiet", "--filter", `network=${kindNetwork}`]);
    if (used !== "0" || stopped !== "") return false;
    await run("docker", ["network", "rm", kindNetwork]);
    return true;
}

/** The environment that leads Pulumi's Docker provider to the daemon of the CLI's context. */
export function dockerEnvironment(): Record<string, string> {
    const context = dockerContext();
    return context ? { DOCKER_HOST: context.host } : {};
}

/** Names of the images on this computer that have been built by our program, for whichever stack. */
export async function builtImagesHere(): Promise<string[]> {
    const args = ["images", "--filter", "reference=landfall.local/*", "--format", "{{.Repository}}:{{.Tag}}"];
    return (await run("docker", args).catch(() => "")).split("\n").filter(Boolean);
}

/** Removes images, and returns those that it removed: what a container uses stays, and what is gone already. */
export async function removeImages(names: readonly string[]): Promise<string[]> {
    const removed: string[] = [];
    for (const name of names) {
        if (await run("docker", ["image", "rm", name]).then(() => true, () => false)) removed.push(name);
    }
    return removed;
}
