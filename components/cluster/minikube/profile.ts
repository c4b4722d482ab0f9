// @ts-nocheck
// What the scripts of this directory know about minikube's profiles.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { clusterDirectory, readRecord, removeRecord } from "../scripts/home";
import { attempt, fail, run } from "../scripts/process";

/** Whether minikube has the profile; whole or not, running or not. */
export function profileExists(profile) {
    return fs.existsSync(profileFile(profile));
}

/** The profile's configuration, as minikube stores it; undefined if it can't be read. */
export function profileConfig(profile) {
    try {
        return JSON.parse(fs.readFileSync(profileFile(profile), "utf8"));
    } catch {
        return undefined;
    }
}

function profileFile(profile) {
    return path.join(minikubeHome(), "profiles", profile, "config.json");
}

/** Ends the script if the profile is there and not the stack's. */
export function refuseForeign(profile, owner) {
    if (!profileExists(profile)) return;
    const found = readRecord(profile);
    const instead = "Choose another name by landfall:cluster, for example " +
        `{ target: minikube, name: ${profile}-2 }, or delete it: minikube delete --profile ${profile}`;
    if (!found) {
        fail(`There is a minikube profile named ${profile} that Landfall did not make; it is left alone. ${instead}`);
    }
    if (found.owner !== owner) {
        fail(`The minikube profile ${profile} belongs to the stack ${found.owner}, not to ${owner}. ${instead}`);
    }
}

function minikubeHome() {
    const given = process.env.MINIKUBE_HOME;
    if (!given) return path.join(os.homedir(), ".minikube");
    return path.basename(given) === ".minikube" ? given : path.join(given, ".minikube");
}

/** `running`, `stopped` or `gone`, and whether the kubeconfig is out of date. */
export function profileState(profile) {
    const status = ["status", "--profile", profile, "--output", "json"];
    const { stdout, stderr } = attempt("minikube", status, options(profile));
    const nodes = parseNodes(stdout);
    if (nodes.length === 0) fail(`minikube does not tell the state of the profile ${profile}.\n${stderr.trim()}`);
    const are = (key, ...values) => nodes.every(node => values.includes(node[key]));
    const gone = nodes.some(node => node.Host === "Nonexistent");
    const running = are("Host", "Running") && are("Kubelet", "Running") && are("APIServer", "Running", "Irrelevant");
    return {
        state: gone ? "gone" : running ? "running" : "stopped",
        misconfigured: nodes.some(node => node.Kubeconfig === "Misconfigured"),
    };
}

/** One node is an object, several are an array. */
function parseNodes(json) {
    try {
        return [JSON.parse(json) ?? []].flat();
    } catch {
        return [];
    }
}

/** Runs minikube for a profile, with a kubeconfig of its own instead of the user's. */
export function minikube(profile, args, problem) {
    return run("minikube", args, { ...options(profile), problem });
}

function options(profile) {
    fs.mkdirSync(clusterDirectory(profile), { recursive: true, mode: 0o700 });
    return { env: { KUBECONFIG: kubeconfigFile(profile) } };
}

export function deleteProfile(profile) {
    minikube(profile, ["delete", "--profile", profile], `The minikube profile ${profile} could not be deleted.`);
}

/** Forgets the profile. */
export function forget(profile) {
    fs.rmSync(kubeconfigFile(profile), { force: true });
    removeRecord(profile);
}

/** The kubeconfig that minikube wrote, with the files it names put into it. */
export function readKubeconfig(profile) {
    const inline = (_, indent, key, file) => {
        const content = fs.readFileSync(file.replace(/^(["'])(.*)\1$/, "$2"));
        return `${indent}${key}-data: ${content.toString("base64")}`;
    };
    return fs.readFileSync(kubeconfigFile(profile), "utf8")
        .replace(/^(\s*)(certificate-authority|client-certificate|client-key): (.+)$/gm, inline);
}

/** The address of the API. */
export function serverOf(kubeconfig) {
    return /^\s*server: (.+)$/m.exec(kubeconfig)?.[1];
}

function kubeconfigFile(profile) {
    return path.join(clusterDirectory(profile), "kubeconfig");
}
