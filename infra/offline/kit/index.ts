import * as fs from "node:fs";
import * as path from "node:path";
import { versions } from "../../../components/versions";
import { buildBase } from "./base";
import { ensureDocker, findProgram } from "./docker";
import { buildMinikube } from "./minikube";
import { buildNodeImage } from "./node";
import { buildImages } from "./platform";
import { buildPrograms, linkPrograms } from "./programs";
import { Log, report } from "./run";

export { ensureDocker, stopDocker } from "./docker";
export { SCHEMA_TEMPLATE, schemas } from "./schemas";
export { buildPulumi, builtPulumi } from "./pulumi";
export { buildTools } from "./tools";

export interface Kit {
    /** Directory with kubectl, and kind or minikube. */
    bin: string;
    /** Settings of `landfall:cluster` for what the kit has built. */
    settings: Record<string, string | string[]>;
    /** Environment variables for programs that use the kit. */
    env: Record<string, string>;
}

/**
 * Builds a Kubernetes cluster's software from package registries only. What was built earlier from the same inputs comes
 * from the cache.
 */
export async function buildKit(log: Log, target: "kind" | "minikube" = "kind"): Promise<Kit> {
    const start = Date.now();
    const timed: Log = line => log(`${elapsed(start)}  ${line}`);
    await checkRequirements();
    await ensureDocker(timed);
    // Go builds use the processor; the base image and the wheels use the network.
    const [programs] = await Promise.all([buildPrograms(timed), buildBase(timed)]);
    const nodeImage = await buildNodeImage(timed, programs, () => buildImages(timed, programs));
    const minikube = target === "minikube" ? await buildMinikube(timed, nodeImage) : undefined;
    if (minikube) programs.set("minikube", minikube.program);
    const bin = await linkPrograms(programs, [target, "kubectl"]);
    const settings = minikube?.settings ?? { image: nodeImage };
    timed(`✓ the kit is ready: ${target}, Kubernetes ${versions.kubernetes}`);
    return { bin, settings, env: { PATH: `${bin}${path.delimiter}${process.env.PATH}`, DOCKER_BUILDKIT: "0" } };
}

async function checkRequirements(): Promise<void> {
    const lacking: string[] = [];
    if (process.platform !== "linux" || !fs.existsSync("/etc/debian_version")) lacking.push("a Debian-family Linux");
    if (process.getuid?.() !== 0) lacking.push("root (sudo)");
    if (!(await findProgram("go"))) lacking.push("Go (https://go.dev/doc/install)");
    if (!(await findProgram("python3"))) lacking.push("Python 3 with pip (apt-get install python3-pip)");
    if (lacking.length > 0) {
        throw new Error(`A cluster can't be built from package registries here; it lacks: ${lacking.join(", ")}.`);
    }
}

function elapsed(start: number): string {
    const seconds = Math.round((Date.now() - start) / 1000);
    return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
}

if (require.main === module) report(buildKit(console.log).then(kit => JSON.stringify(kit, undefined, 4)));
