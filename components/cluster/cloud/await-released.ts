// Runs on destroy, after the program's objects were deleted and before the cluster is. Waits until the cloud's controllers
// have released load balancers and disks, and prints which volumes are kept.
import type { V1PersistentVolume, V1PersistentVolumeClaim, V1Service } from "@kubernetes/client-node";
import type { Agent } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import { type Connection, connect, read } from "../kubernetes-api";
import { fail, main, setting } from "../scripts/process";

const seconds = Number(process.env.RELEASE_SECONDS ?? 600);

void main(async () => {
    const kubeconfig = setting("CLUSTER_KUBECONFIG");
    const end = Date.now() + seconds * 1000;
    for (;;) {
        const left = await look(kubeconfig);
        if (left === undefined) return "";
        const waiting = [...left.balancers, ...left.released];
        if (waiting.length === 0) return left.kept.map(line => `Kept: ${line}\n`).join("");
        if (Date.now() > end) {
            fail(`After ${seconds} seconds the cluster still holds resources of the cloud:\n  ${waiting.join("\n  ")}\n`
                + "Delete these objects with kubectl, then run the destroy again.");
        }
        await pause(Math.min(5000, seconds * 100));
    }
});

/** What the cluster still holds of the cloud, in words. */
interface Held {
    balancers: string[];
    /** Volumes that are about to be deleted. */
    released: string[];
    kept: string[];
}

/** Undefined if the cluster doesn't answer and the user says that it is gone. */
async function look(kubeconfig: string): Promise<Held | undefined> {
    try {
        // Connects every time, because credentials expire within minutes.
        const connection = await connect(kubeconfig);
        const held = await ask(connection);
        (connection.options.agent as Agent).destroy();
        return held;
    } catch (error) {
        // The same variable as for all other objects in a cluster that is gone.
        if (process.env.PULUMI_K8S_DELETE_UNREACHABLE === "true") return undefined;
        const { message, code } = error as NodeJS.ErrnoException;
        return fail(`The cluster did not tell what it holds of the cloud: ${message || code}\n`
            + "If the cluster is gone, set PULUMI_K8S_DELETE_UNREACHABLE=true and run the destroy again.");
    }
}

async function ask(connection: Connection): Promise<Held> {
    const list = async <T>(resource: string): Promise<T[]> => {
        const answer = await read(connection, `/api/v1/${resource}`, { patience: 0, seconds: 60 });
        return (answer?.items as T[] | null | undefined) ?? [];
    };
    const [services, claims, volumes] = await Promise.all([
        list<V1Service>("services"), list<V1PersistentVolumeClaim>("persistentvolumeclaims"),
        list<V1PersistentVolume>("persistentvolumes"),
    ]);
    const claimed = new Set(claims.map(({ metadata }) => metadata?.uid));
    const stays = ({ spec }: V1PersistentVolume): boolean =>
        spec?.persistentVolumeReclaimPolicy === "Retain" || claimed.has(spec?.claimRef?.uid);
    return {
        balancers: services.filter(({ spec }) => spec?.type === "LoadBalancer")
            .map(({ metadata }) => `Service ${metadata?.namespace}/${metadata?.name} of type LoadBalancer`),
        released: volumes.filter(volume => !stays(volume)).map(volume => `PersistentVolume ${describe(volume)}`),
        kept: volumes.filter(stays).map(describe),
    };
}

/** A volume with its claim, its size and its name in the cloud. */
function describe({ metadata, spec }: V1PersistentVolume): string {
    const claim = spec?.claimRef ? `${spec.claimRef.namespace}/${spec.claimRef.name}, ` : "";
    return `${metadata?.name} (${claim}${spec?.capacity?.storage}; ${spec?.csi?.driver} ${spec?.csi?.volumeHandle})`;
}
