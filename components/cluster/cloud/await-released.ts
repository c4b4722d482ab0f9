// Runs on destroy, after the program's objects were deleted and before the cluster is. Waits until the cloud's controllers
// have released load balancers and disks, and prints which volumes are kept.
import { CoreV1Api, KubeConfig, type V1PersistentVolume } from "@kubernetes/client-node";
import { setTimeout as pause } from "node:timers/promises";
import { fail, main, setting } from "../scripts/process";

const seconds = Number(process.env.RELEASE_SECONDS ?? 600);

void main(async () => {
    const api = connect(setting("CLUSTER_KUBECONFIG"));
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const left = await look(api);
        if (left === undefined) return "";
        const waiting = [...left.balancers, ...left.released];
        if (waiting.length === 0) return left.kept.map(line => `Kept: ${line}\n`).join("");
        if (Date.now() > end) {
            fail(`After ${seconds} seconds the cluster still holds resources of the cloud:\n  ${waiting.join("\n  ")}\n`
                + "Delete these objects by kubectl, then run the destroy again.");
        }
        await pause(Math.min(5000, seconds * 100));
    }
});

/** What the cluster still holds of the cloud, for people. */
interface Held {
    balancers: string[];
    /** Volumes that are about to be deleted. */
    released: string[];
    kept: string[];
}

function connect(text: string): CoreV1Api {
    const config = new KubeConfig();
    config.loadFromString(text);
    return config.makeApiClient(CoreV1Api);
}

/** Undefined if the cluster doesn't answer and the user says that it is gone. */
async function look(api: CoreV1Api): Promise<Held | undefined> {
    try {
        const [services, claims, volumes] = await Promise.all([
            api.listServiceForAllNamespaces(), api.listPersistentVolumeClaimForAllNamespaces(),
            api.listPersistentVolume(),
        ]);
        const claimed = new Set(claims.items.map(({ metadata }) => metadata?.uid));
        const stays = ({ spec }: V1PersistentVolume): boolean =>
            spec?.persistentVolumeReclaimPolicy === "Retain" || claimed.has(spec?.claimRef?.uid);
        return {
            balancers: services.items.filter(({ spec }) => spec?.type === "LoadBalancer")
                .map(({ metadata }) => `Service ${metadata?.namespace}/${metadata?.name} of type LoadBalancer`),
            released: volumes.items.filter(volume => !stays(volume)).map(volume => `PersistentVolume ${name(volume)}`),
            kept: volumes.items.filter(stays).map(name),
        };
    } catch (error) {
        // The same variable as for all other objects in a cluster that is gone.
        if (process.env.PULUMI_K8S_DELETE_UNREACHABLE === "true") return undefined;
        return fail(`The cluster did not tell what it holds of the cloud: ${(error as { body?: string }).body ?? (error as Error).message}\n`
            + "If the cluster is gone, set PULUMI_K8S_DELETE_UNREACHABLE=true and run the destroy again.");
    }
}

/** With its claim, its size and its name in the cloud. */
function name({ metadata, spec }: V1PersistentVolume): string {
    const claim = spec?.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}, ` : "";
    return `${metadata?.name} (${claim}${spec?.capacity?.storage}; ${spec?.csi?.driver} ${spec?.csi?.volumeHandle})`;
}
