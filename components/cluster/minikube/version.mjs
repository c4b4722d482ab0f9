// Which version of Kubernetes a profile has, and which ones minikube makes.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { digest } from "../scripts/home.mjs";
import { attempt, fail } from "../scripts/process.mjs";
import { profileConfig } from "./profile.mjs";

const option = "--kubernetes-version";

/**
 * Whether a profile was made with these settings. Naming the version that it has, or no longer naming it, changes
 * nothing: the cluster would be made anew, and its data lost.
 */
export function isMadeWith(profile, { digest: made }, config) {
    if (made === digest(config)) return true;
    const args = JSON.parse(config);
    const [wanted, standing] = [versionIn(args), standingVersion(profile)];
    if (wanted !== undefined && wanted !== standing) return false;
    return [undefined, standing].some(version => made === digest(JSON.stringify(withVersion(args, version))));
}

/**
 * What starts a profile that is there, whose version stays, also where the user's own settings of minikube name another.
 * minikube asks GitHub for one that it doesn't list, unless it is forced: a cluster starts offline too.
 */
export function restartArgs(profile, args) {
    const version = standingVersion(profile);
    if (version === undefined) return args;
    const start = withVersion(args, version);
    return isListed(version) || start.includes("--force") ? start : [...start, "--force"];
}

/** The arguments of `minikube start` with another version of Kubernetes, or with none. */
export function withVersion(args, version) {
    const at = args.indexOf(option);
    const others = at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 2)];
    if (version === undefined) return others;
    const after = others.includes("--nodes") ? others.indexOf("--nodes") + 2 : others.length; // as in start.ts
    return [...others.slice(0, after), option, version, ...others.slice(after)];
}

/** Ends the script, before anything is changed, if minikube makes no cluster of the version. */
export function refuseUnknownVersion(version, args) {
    if (args.includes("--force") || isListed(version)) return;
    const answer = askMinikube(version, args);
    const problem = /Exiting due to (?:K8S_|INET_|MK_PATCH_NOT_FOUND)\w*: (.*)/.exec(answer)?.[1];
    if (problem === undefined) return;
    const newest = listedVersions()[0];
    fail(`minikube makes no cluster of Kubernetes ${version}. It says: ${problem}\n` +
        `It knows versions up to ${newest}, and looks for others at api.github.com. ` +
        "Install a newer minikube, https://minikube.sigs.k8s.io/docs/start/, or choose a version that it knows: " +
        `landfall:cluster: { target: minikube, kubernetesVersion: ${newest} }\n` +
        "Nothing was changed.");
}

/** What minikube says of the version; in a home of its own, since a dry run leaves traces of the profile. */
function askMinikube(version, args) {
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

function argumentOf(args, name) {
    const at = args.indexOf(name);
    return args.slice(at, at + 2);
}

/** Of a version without its patch, minikube takes the newest patch that it lists. */
function isListed(version) {
    const wanted = version.startsWith("v") ? version : `v${version}`;
    const isMinor = wanted.split(".").length === 2;
    const listed = listedVersions();
    return listed.length === 0 || listed.some(known => (isMinor ? known.startsWith(`${wanted}.`) : known === wanted));
}

/** Newest first; without any where minikube is too old to tell. */
function listedVersions() {
    const { stdout } = attempt("minikube", ["config", "defaults", "kubernetes-version"]);
    return stdout.match(/v\d+\.\d+\.\d+\S*/g) ?? [];
}

function versionIn(args) {
    const at = args.indexOf(option);
    return at < 0 ? undefined : args[at + 1];
}

function standingVersion(profile) {
    return profileConfig(profile)?.KubernetesConfig?.KubernetesVersion;
}
