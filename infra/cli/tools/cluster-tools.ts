import * as fs from "node:fs";
import * as path from "node:path";
import { versions } from "../../../components/versions";
import { Log, run } from "../../offline/kit/run";
import { UserError } from "../terminal/errors";
import { downloadProgram } from "./download";
import { addToPath, atLeast, binDirectory, executable, goPlatform, onPath, parseVersion, versionOf } from "./programs";

/** A program that creates clusters, and where it is published. */
interface ClusterTool {
    name: string;
    version: string;
    versionArgs: string[];
    release(platform: { os: string; arch: string }): { url: string; checksumUrl: string };
    /** Go package, if `go install` can build it. */
    goPackage?: string;
    guide: string;
}

const tools: Record<string, ClusterTool> = {
    kind: {
        name: "kind",
        version: versions.kind,
        versionArgs: ["version"],
        release: ({ os, arch }) => {
            const url = `https://kind.sigs.k8s.io/dl/${versions.kind}/kind-${os}-${arch}`;
            return { url, checksumUrl: `${url}.sha256sum` };
        },
        goPackage: "sigs.k8s.io/kind",
        guide: "https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
    },
    minikube: {
        name: "minikube",
        version: versions.minikube,
        versionArgs: ["version", "--short"],
        release: ({ os, arch }) => {
            const file = `minikube-${os}-${arch}${os === "windows" ? ".exe" : ""}`;
            const url = `https://storage.googleapis.com/minikube/releases/${versions.minikube}/${file}`;
            return { url, checksumUrl: `${url}.sha256` };
        },
        guide: "https://minikube.sigs.k8s.io/docs/start/",
    },
};

/**
 * Makes sure that the target's program is on PATH: an installed one, else the official release, else
 * one built by Go. Other targets need nothing.
 */
export async function ensureClusterTool(target: string, log: Log): Promise<void> {
    const tool = tools[target];
    if (!tool) return;
    const wanted = parseVersion(tool.version) ?? [];
    if (onPath(tool.name) && atLeast(await versionOf(tool.name, ...tool.versionArgs), wanted)) {
        log(`✓ ${tool.name} is on PATH`);
        return;
    }
    const file = path.join(binDirectory(), executable(tool.name));
    if (!atLeast(fs.existsSync(file) ? await versionOf(file, ...tool.versionArgs) : undefined, wanted)) {
        await install(tool, file, log);
    }
    addToPath(binDirectory());
    log(`✓ ${tool.name} ${tool.version} in ${binDirectory()}`);
}

async function install(tool: ClusterTool, file: string, log: Log): Promise<void> {
    const { url, checksumUrl } = tool.release(goPlatform());
    log(`… ${tool.name} ${tool.version}: downloading ${url}`);
    const failed = await downloadProgram(url, checksumUrl, file).then(() => undefined, (error: Error) => error);
    if (!failed) return;
    if (!tool.goPackage || !onPath("go")) {
        throw new UserError(`${failed.message}\nInstall ${tool.name} ${tool.version} yourself: ${tool.guide}`);
    }
    log(`  ${failed.message}`);
    log(`… ${tool.name} ${tool.version}: building it with Go instead`);
    await run("go", ["install", `${tool.goPackage}@${tool.version}`], { env: { GOBIN: path.dirname(file) } });
}
