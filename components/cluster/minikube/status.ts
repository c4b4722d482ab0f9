// Runs when the program starts. Prints the incarnation of the stack's cluster if it is complete and configured as wanted,
// and starts it if it is stopped and may be started. Anything else is for create.ts, under a new incarnation.
import type { Found } from "../lookup";
import { type ClusterRecord, readRecord, writeRecord } from "../scripts/home";
import { fail, main, run, setting } from "../scripts/process";
import { minikube, profileExists, profileState, readKubeconfig, serverOf } from "./profile";
import { isCreatedWith, refuseUnknownVersion, restartArgs } from "./version";

void main(() => {
    const found = status(setting("CLUSTER_NAME"), setting("CLUSTER_CONFIG"), setting("CLUSTER_OWNER"));
    if (!found) refuseUnknownVersion(setting("CLUSTER_KUBERNETES"), JSON.parse(setting("CLUSTER_CONFIG")) as string[]);
    return JSON.stringify(found ?? {});
});

/** Undefined if the cluster must be created. */
function status(profile: string, config: string, owner: string): Found | undefined {
    const startArgs = JSON.parse(config) as string[];
    const record = readRecord(profile);
    if (!record?.ready || record.owner !== owner || !profileExists(profile)) return undefined;
    if (!isCreatedWith(profile, record, config)) return undefined;
    const { state, misconfigured } = profileState(profile);
    if (state === "gone" && isGone(profile, startArgs)) return undefined;
    const { incarnation, kubernetesVersion = "" } = record;
    if (state === "stopped" && setting("MAY_START") !== "true") {
        return { incarnation, revision: record.revision, started: false, kubernetesVersion };
    }
    if (state === "stopped") {
        const force = startArgs.filter(argument => argument === "--force"); // not remembered by minikube
        minikube(profile, restartArgs(profile, ["start", "--profile", profile, ...force]),
            `The cluster ${profile} was stopped and does not start again. Look at its logs with \`minikube logs --profile ` +
            `${profile}\`, or delete it, and the next run creates a new one: minikube delete --profile ${profile}`);
    } else if (misconfigured) {
        minikube(profile, ["update-context", "--profile", profile]);
    }
    return {
        incarnation,
        kubernetesVersion,
        revision: revisionOf(profile, record),
        started: state === "stopped",
        address: addressOf(profile, startArgs),
    };
}

/** minikube also reports "Nonexistent" if it can't look. A cluster must not be replaced because Docker is off. */
function isGone(profile: string, startArgs: string[]): boolean {
    const driver = startArgs[startArgs.indexOf("--driver") + 1];
    if (driver !== "docker" && driver !== "podman") {
        fail(`minikube does not find the machine of the profile ${profile}. If it was deleted by hand, delete the profile ` +
            `too, and the next run creates a new cluster: minikube delete --profile ${profile}`);
    }
    const list = ["container", "ls", "--all", "--quiet", "--filter", `name=^/?${profile}$`];
    return run(driver, list, { problem: `${driver} does not answer. Is it running?` }).trim() === "";
}

/** The record's revision, or the next one if the address of the API server has changed. */
function revisionOf(profile: string, record: ClusterRecord): number {
    const server = serverOf(readKubeconfig(profile));
    const { revision = 0 } = record;
    if (server === record.server) return revision;
    writeRecord(profile, { ...record, server, revision: revision + 1 });
    return revision + 1;
}

/** The machine's own address; undefined if its ports are published on this computer. */
function addressOf(profile: string, startArgs: string[]): string | undefined {
    if (startArgs.includes("--ports")) return undefined;
    return minikube(profile, ["ip", "--profile", profile]).trim();
}
