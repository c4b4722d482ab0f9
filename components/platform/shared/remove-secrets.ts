// Deletes the environment's Secrets, which cert-manager leaves behind when their certificates are deleted.
import { type Connection, KubernetesError, send } from "../../cluster/kubernetes-api";
import { setting } from "../../cluster/scripts/process";
import { namespaces } from "../namespaces";
import { removeFromCluster } from "./cluster-script";

const secrets = `/api/v1/namespaces/${namespaces.certificates}/secrets`;

void removeFromCluster("certificates' Secrets", async connection => {
    const { items } = await send(connection, "GET", secrets) as { items: { metadata: { name: string } }[] };
    const own = items.map(({ metadata: { name } }) => name).filter(name => name.startsWith(setting("PREFIX")));
    for (const name of own) await remove(connection, name);
});

async function remove(connection: Connection, name: string): Promise<void> {
    await send(connection, "DELETE", `${secrets}/${name}`).catch((error: Error) => {
        if (!(error instanceof KubernetesError && error.code === 404)) throw error;
    });
}
