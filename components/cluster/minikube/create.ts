// Creates the stack's cluster and prints its kubeconfig. Continues after an interrupted run, and never touches a profile
// that belongs to someone else.
import { type ClusterRecord, digest, readRecord, writeRecord } from "../scripts/home";
import { main, setting } from "../scripts/process";
import { deleteProfile, forget, minikube, profileExists, readKubeconfig, refuseForeign, serverOf } from "./profile";
import { isCreatedWith, restartArgs, withVersion } from "./version";

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
    const adopted = found !== undefined && profileExists(profile) && isComplete(found);
    if (found && !adopted) deleteProfile(profile);
    if (!adopted) writeRecord(profile, { ...record, revision: 0, ready: false });
    start(adopted);
    const kubeconfig = readKubeconfig(profile);
    const revision = Number(setting("REVISION"));
    writeRecord(profile, { ...record, server: serverOf(kubeconfig), revision, ready: true });
    return kubeconfig;
});

function isComplete(found: ClusterRecord): boolean {
    return found.ready && found.incarnation === record.incarnation && isCreatedWith(profile, found, config);
}

/** If the profile is running already, `minikube start` checks it and starts what is missing. */
function start(adopted: boolean): void {
    const args = JSON.parse(config) as string[];
    const created = version === undefined ? args : withVersion(args, version);
    try {
        minikube(profile, adopted ? restartArgs(profile, args) : created, `minikube could not make the cluster ${profile}.`);
    } catch (error) {
        if (!adopted) {
            deleteProfile(profile);
            forget(profile);
        }
        throw error;
    }
}
