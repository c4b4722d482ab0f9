// @ts-nocheck
// Run at program start: prints which incarnation of the stack's cluster is on this computer, if it is whole and as
// configured, and starts it where it is stopped, if it may. All else is left to create.ts, under a new incarnation.
import { readRecord, writeRecord } from "../scripts/home";
import { fail, main, run, setting } from "../scripts/process";
import { minikube, profileExists, profileState, readKubeconfig, serverOf } from "./profile";
import { isMadeWith, refuseUnknownVersion, restartArgs } from "./version";

void main(() => {
    const found = status(setting("CLUSTER_NAME"), setting("CLUSTER_CONFIG"), setting("CLUSTER_OWNER"));
    if (!found) refuseUnknownVersion(setting("CLUSTER_KUBERNETES"), JSON.parse(setting("CLUSTER_CONFIG")));
    return JSON.stringify(found ?? {});
});

/** Undefined if the cluster must be created. */
function status(profile, config, owner) {
    const record = readRecord(profile);
    if (!record?.ready || record.owner !== owner || !profileExists(profile)) return undefined;
    if (!isMadeWith(profile, record, config)) return undefined;
    const { state, misconfigured } = profileState(profile);
    if (state === "gone" && isGone(profile, JSON.parse(config))) return undefined;
    const { incarnation, kubernetesVersion = "" } = record;
    if (state === "stopped" && setting("MAY_START") !== "true") {
        return { incarnation, revision: record.revision, started: false, kubernetesVersion };
    }
    if (state === "stopped") {
        const force = JSON.parse(config).filter(argument => argument === "--force"); // not remembered by minikube
        minikube(profile, restartArgs(profile, ["start", "--profile", profile, ...force]),
            `The cluster ${profile} was stopped and does not start again. Look at it by \`minikube logs --profile ` +
            `${profile}\`, or have it made anew: minikube delete --profile ${profile}`);
    } else if (misconfigured) {
        minikube(profile, ["update-context", "--profile", profile]);
    }
    return {
        incarnation,
        kubernetesVersion,
        revision: revisionOf(profile, record),
        started: state === "stopped",
        address: addressOf(profile, JSON.parse(config)),
    };
}

/** minikube says "nonexistent" too where it can't ask: a cluster is not made anew because Docker is off. */
function isGone(profile, startArgs) {
    const driver = startArgs[startArgs.indexOf("--driver") + 1];
    if (driver !== "docker" && driver !== "podman") {
        fail(`minikube does not find the machine of the profile ${profile}. If it was deleted by hand, have the ` +
            `cluster made anew: minikube delete --profile ${profile}`);
    }
    const list = ["container", "ls", "--all", "--quiet", "--filter", `name=^/?${profile}$`];
    return run(driver, list, { problem: `${driver} does not answer. Is it running?` }).trim() === "";
}

/** Counts on when the API's address is another than the one remembered. */
function revisionOf(profile, record) {
    const server = serverOf(readKubeconfig(profile));
    if (server === record.server) return record.revision;
    writeRecord(profile, { ...record, server, revision: record.revision + 1 });
    return record.revision + 1;
}

/** The machine's own address, where nothing is published on this computer. */
function addressOf(profile, startArgs) {
    if (startArgs.includes("--ports")) return undefined;
    return minikube(profile, ["ip", "--profile", profile]).trim();
}
