import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { clusterDirectory, readRecord, removeRecord } from "../scripts/home";
import { attempt, fail, type ProgramOptions, run } from "../scripts/process";

/** The part of a profile's configuration that the scripts read, under minikube's names. */
interface ProfileConfig {
    KubernetesConfig?: { KubernetesVersion?: string; ContainerRuntime?: string };
    /** The first one's name is empty. */
    Nodes?: { Name: string }[];
}

/** One node in the output of `minikube status`. */
interface NodeStatus {
    Host: string;
    Kubelet: string;
    APIServer: string;
    Kubeconfig: string;
}

/** Whether minikube has the profile, complete or not, running or not. */
export function profileExists(profile: string): boolean {
    return fs.existsSync(profileFile(profile));
}

/** The profile's configuration; undefined if it can't be read. */
export function profileConfig(profile: string): ProfileConfig | undefined {
    try {
        return JSON.parse(fs.readFileSync(profileFile(profile), "utf8")) as ProfileConfig;
    } catch {
        return undefined;
    }
}

function profileFile(profile: string): string {
    return path.join(minikubeHome(), "profiles", profile, "config.json");
}

/** Ends the script if the profile exists and isn't the stack's. */
export function refuseForeign(profile: string, owner: string): void {
    if (!profileExists(profile)) return;
    const found = readRecord(profile);
    const instead = "Choose another name in landfall:cluster, for example " +
        `{ target: minikube, name: ${profile}-2 }, or delete it: minikube delete --profile ${profile}`;
    if (!found) {
        fail(`There is a minikube profile named ${profile} that Landfall did not make; it is left alone. ${instead}`);
    }
    if (found.owner !== owner) {
        fail(`The minikube profile ${profile} belongs to the stack ${found.owner}, not to ${owner}. ${instead}`);
    }
}

function minikubeHome(): string {
    const given = process.env.MINIKUBE_HOME;
    if (!given) return path.join(os.homedir(), ".minikube");
    return path.basename(given) === ".minikube" ? given : path.join(given, ".minikube");
}

/** Whether the cluster runs, and whether its kubeconfig names an outdated address. */
export function profileState(profile: string): { state: "running" | "stopped" | "gone"; misconfigured: boolean } {
    const status = ["status", "--profile", profile, "--output", "json"];
    const { stdout, stderr } = attempt("minikube", status, options(profile));
    const nodes = parseNodes(stdout);
    if (nodes.length === 0) fail(`minikube does not report the state of the profile ${profile}.\n${stderr.trim()}`);
    const are = (key: keyof NodeStatus, ...values: string[]) => nodes.every(node => values.includes(node[key]));
    const gone = nodes.some(node => node.Host === "Nonexistent");
    const running = are("Host", "Running") && are("Kubelet", "Running") && are("APIServer", "Running", "Irrelevant");
    return {
        state: gone ? "gone" : running ? "running" : "stopped",
        misconfigured: nodes.some(node => node.Kubeconfig === "Misconfigured"),
    };
}

/** minikube prints a single node as an object and several as an array. */
function parseNodes(json: string): NodeStatus[] {
    try {
        return [(JSON.parse(json) as NodeStatus | NodeStatus[] | null) ?? []].flat();
    } catch {
        return [];
    }
}

/** Runs minikube with the profile's own kubeconfig, so that it doesn't change the user's. */
export function minikube(profile: string, args: string[], problem?: string): string {
    return run("minikube", args, { ...options(profile), problem });
}

function options(profile: string): ProgramOptions {
    fs.mkdirSync(clusterDirectory(profile), { recursive: true, mode: 0o700 });
    return { env: { KUBECONFIG: kubeconfigFile(profile) } };
}

export function deleteProfile(profile: string): void {
    minikube(profile, ["delete", "--profile", profile], `The minikube profile ${profile} could not be deleted.`);
}

/** Removes the kubeconfig and the record of a deleted profile. */
export function forget(profile: string): void {
    fs.rmSync(kubeconfigFile(profile), { force: true });
    removeRecord(profile);
}

/** The kubeconfig that minikube wrote, with the content of the files it refers to. */
export function readKubeconfig(profile: string): string {
    const inline = (_: string, indent: string, key: string, file: string): string => {
        const content = fs.readFileSync(file.replace(/^(["'])(.*)\1$/, "$2"));
        return `${indent}${key}-data: ${content.toString("base64")}`;
    };
    return fs.readFileSync(kubeconfigFile(profile), "utf8")
        .replace(/^(\s*)(certificate-authority|client-certificate|client-key): (.+)$/gm, inline);
}

/** The address of the API server. */
export function serverOf(kubeconfig: string): string | undefined {
    return /^\s*server: (.+)$/m.exec(kubeconfig)?.[1];
}

function kubeconfigFile(profile: string): string {
    return path.join(clusterDirectory(profile), "kubeconfig");
}
