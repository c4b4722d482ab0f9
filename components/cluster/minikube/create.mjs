// Makes the stack's cluster and prints its kubeconfig. Picks up where an interrupted run left off, and leaves a
// profile that belongs to someone else alone.
import { digest, readRecord, writeRecord } from "../scripts/home.mjs";
import { main, setting } from "../scripts/process.mjs";
import { deleteProfile, forget, minikube, profileExists, readKubeconfig, refuseForeign, serverOf } from "./profile.mjs";

const profile = setting("CLUSTER_NAME");
const config = setting("CLUSTER_CONFIG");
const record = { incarnation: setting("INCARNATION"), owner: setting("CLUSTER_OWNER"), digest: digest(config) };

main(() => {
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
