// @ts-nocheck
// Makes the stack's cluster and prints its kubeconfig. Picks up where an interrupted run left off, and leaves a
// profile that belongs to someone else alone.
import { digest, readRecord, writeRecord } from "../scripts/home";
import { main, setting } from "../scripts/process";
import { deleteProfile, forget, minikube, profileExists, readKubeconfig, refuseForeign, serverOf } from "./profile";
import { isMadeWith, restartArgs, withVersion } from "./version";

const profile = setting("CLUSTER_NAME");
const config = setting("CLUSTER_CONFIG");
/** Kubernetes version of the cluster, if the settings name none. */
const version = process.env.CLUSTER_KUBERNETES;
const record = {
    incarnation: setting("INCARNATION"), owner: setting("CLUSTER_OWNER"), digest: digest(config), kubernetesVersion: version,
};

void main(() => {
    const found = readRecord(profile);
    refuseForeign(profile, record.owner);
    const adopted = profileExists(profile) && isWhole(found);
    if (found && !adopted) deleteProfile(profile);
    if (!adopted) writeRecord(profile, { ...record, revision: 0, ready: false });
    start(adopted);
    const kubeconfig = readKubeconfig(profile);
    const revision = Number(setting("REVISION"));
    writeRecord(profile, { ...record, server: serverOf(kubeconfig), revision, ready: true });
    return kubeconfig;
});

function isWhole(found) {
    return found.ready && found.incarnation === record.incarnation && isMadeWith(profile, found, config);
}

/** On a profile that runs already, `minikube start` checks it and starts what is missing. */
function start(adopted) {
    const args = JSON.parse(config);
    const made = version === undefined ? args : withVersion(args, version);
    try {
        minikube(profile, adopted ? restartArgs(profile, args) : made, `minikube could not make the cluster ${profile}.`);
    } catch (error) {
        if (!adopted) {
            deleteProfile(profile);
            forget(profile);
        }
        throw error;
    }
}
