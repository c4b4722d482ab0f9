// Deletes the environment's Secrets, which cert-manager leaves behind when their certificates are deleted.
import { type Connection, KubernetesError, send } from "../../cluster/kubernetes-api";
import { setting } from "../../cluster/scripts/process";
import { namespaces } from "../namespaces";
import { removeFromCluster } from "./cluster-script";

void removeFromCluster("certificates' Secrets", async connection => {
    for (const name of JSON.parse(setting("SECRETS")) as string[]) await remove(connection, name);
});

async function remove(connection: Connection, name: string): Promise<void> {
    await send(connection, "DELETE", `/api/v1/namespaces/${namespaces.certificates}/secrets/${name}`).catch((error: Error) => {
        if (!(error instanceof KubernetesError && error.code === 404)) throw error;
    });
}
