// Which Kubernetes version a profile has, and which versions minikube can create.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { type ClusterRecord, digest } from "../scripts/home";
import { attempt, fail } from "../scripts/process";
import { profileConfig } from "./profile";

const option = "--kubernetes-version";

/**
 * Whether a profile was created with these settings. Naming the version that it has, or no longer naming it, isn't a change:
 * otherwise the cluster would be replaced and its data lost.
 */
export function isCreatedWith(profile: string, record: ClusterRecord, config: string): boolean {
    if (record.digest === digest(config)) return true;
    const args = JSON.parse(config) as string[];
    const [wanted, standing] = [versionIn(args), standingVersion(profile)];
    if (wanted !== undefined && wanted !== standing) return false;
    return [undefined, standing].some(version => record.digest === digest(JSON.stringify(withVersion(args, version))));
}

/**
 * Arguments that start an existing profile. Its version stays, even if the user's own minikube settings name another.
 * Without --force, minikube asks GitHub about a version that it doesn't list, and the cluster couldn't start offline.
 */
export function restartArgs(profile: string, args: string[]): string[] {
    const version = standingVersion(profile);
    if (version === undefined) return args;
    const start = withVersion(args, version);
    return isListed(version) || start.includes("--force") ? start : [...start, "--force"];
}

/** The arguments of `minikube start` with another Kubernetes version, or with none. */
export function withVersion(args: string[], version: string | undefined): string[] {
    const at = args.indexOf(option);
    const others = at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 2)];
    if (version === undefined) return others;
    const after = others.includes("--nodes") ? others.indexOf("--nodes") + 2 : others.length; // as in start.ts
    return [...others.slice(0, after), option, version, ...others.slice(after)];
}

/** Ends the script before anything changes, if minikube can't create a cluster of the version. */
export function refuseUnknownVersion(version: string, args: string[]): void {
    if (args.includes("--force") || isListed(version)) return;
    const answer = askMinikube(version, args);
    const problem = /Exiting due to (?:K8S_|INET_|MK_PATCH_NOT_FOUND)\w*: (.*)/.exec(answer)?.[1];
    if (problem === undefined) return;
    const newest = listedVersions()[0];
    fail(`minikube creates no cluster of Kubernetes ${version}. It says: ${problem}\n` +
        `It knows versions up to ${newest}, and looks for others at api.github.com. ` +
        "Install a newer minikube, https://minikube.sigs.k8s.io/docs/start/, or choose a version that it knows: " +
        `landfall:cluster: { target: minikube, kubernetesVersion: ${newest} }\n` +
        "Nothing was changed.");
}

/** What minikube prints about the version. It gets its own home, because a dry run leaves traces of the profile. */
function askMinikube(version: string, args: string[]): string {
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-minikube-"));
    try {
        const asked = ["start", "--dry-run", ...argumentOf(args, "--profile"), ...argumentOf(args, "--driver")];
        const env = { MINIKUBE_HOME: home, KUBECONFIG: path.join(home, "kubeconfig"), MINIKUBE_IN_STYLE: "false" };
        const { stdout, stderr } = attempt("minikube", [...asked, option, version, "--interactive=false"], { env });
        return stdout + stderr;
    } finally {
        fs.rmSync(home, { recursive: true, force: true });
    }
}

function argumentOf(args: string[], name: string): string[] {
    const at = args.indexOf(name);
    return args.slice(at, at + 2);
}

/** For a version without a patch number, minikube uses the newest patch that it lists. */
function isListed(version: string): boolean {
    const wanted = version.startsWith("v") ? version : `v${version}`;
    const isMinor = wanted.split(".").length === 2;
    const listed = listedVersions();
    return listed.length === 0 || listed.some(known => (isMinor ? known.startsWith(`${wanted}.`) : known === wanted));
}

/** Newest first; empty if minikube is too old to list them. */
function listedVersions(): string[] {
    const { stdout } = attempt("minikube", ["config", "defaults", "kubernetes-version"]);
    return stdout.match(/v\d+\.\d+\.\d+\S*/g) ?? [];
}

function versionIn(args: string[]): string | undefined {
    const at = args.indexOf(option);
    return at < 0 ? undefined : args[at + 1];
}

function standingVersion(profile: string): string | undefined {
    return profileConfig(profile)?.KubernetesConfig?.KubernetesVersion;
}
