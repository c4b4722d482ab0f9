// Makes the stack's cluster and prints its kubeconfig. Picks up where an interrupted run left off, and leaves a
// profile that belongs to someone else alone.
import { digest, readRecord, writeRecord } from "../scripts/home.mjs";
import { fail, main, setting } from "../scripts/process.mjs";
import { deleteProfile, forget, minikube, profileExists, readKubeconfig, serverOf } from "./profile.mjs";

const profile = setting("CLUSTER_NAME");
const config = setting("CLUSTER_CONFIG");
const record = { incarnation: setting("INCARNATION"), owner: setting("CLUSTER_OWNER"), digest: digest(config) };

main(() => {
    const found = readRecord(profile);
    const exists = profileExists(profile);
    if (exists) refuseForeign(found);
    const adopted = exists && isWhole(found);
    if (exists && !adopted) deleteProfile(profile);
    if (!adopted) writeRecord(profile, { ...record, revision: 0, ready: false });
    start(adopted);
    const kubeconfig = readKubeconfig(profile);
    const revision = Number(setting("REVISION"));
    writeRecord(profile, { ...record, server: serverOf(kubeconfig), revision, ready: true });
    return kubeconfig;
});

function refuseForeign(found) {
    const instead = "Choose another name by landfall:cluster, for example " +
        `{ target: minikube, name: ${profile}-2 }, or delete it: minikube delete --profile ${profile}`;
    if (!found) {
        fail(`There is a minikube profile named ${profile} that Landfall did not make; it is left alone. ${instead}`);
    }
    if (found.owner !== record.owner) {
        fail(`The minikube profile ${profile} belongs to the stack ${found.owner}, not to ${record.owner}. ${instead}`);
    }
}

function isWhole(found) {
    return found.ready && found.incarnation === record.incarnation && found.digest === record.digest;
}

/** On a profile that runs already, `minikube start` checks it and starts what is missing. */
function start(adopted) {
    try {
        minikube(profile, JSON.parse(config), `minikube could not make the cluster ${profile}.`);
    } catch (error) {
        if (!adopted) {
            deleteProfile(profile);
            forget(profile);
        }
        throw error;
    }
}
