// Deletes the environment's Secrets, which cert-manager leaves behind when their certificates are deleted.
import { type Connection, KubernetesError, read, send } from "../../cluster/kubernetes-api";
import { setting } from "../../cluster/scripts/process";
import { accountName } from "../cert-manager/names";
import { namespaces } from "../namespaces";
import { removeFromCluster } from "./cluster-script";

const secrets = `/api/v1/namespaces/${namespaces.certificates}/secrets`;
const certificates = `/apis/cert-manager.io/v1/namespaces/${namespaces.certificates}/certificates`;

interface Secret {
    metadata: { name: string; annotations?: Record<string, string> };
}

interface Certificate {
    spec: { secretName: string };
}

void removeFromCluster("Secrets of the environment's certificates", async connection => {
    const prefix = setting("PREFIX");
    const { items } = await send(connection, "GET", secrets) as { items: Secret[] | null };
    // An environment that got another name keeps its certificates, with the names of their Secrets.
    const used = await read(connection, certificates, { patience: 5 });
    const kept = ((used?.items ?? []) as Certificate[]).map(({ spec }) => spec.secretName);
    const old = (items ?? []).filter(secret => isOf(prefix, secret) && !kept.includes(secret.metadata.name));
    for (const { metadata: { name } } of old) await remove(connection, name);
});

/**
 * The name of its issuer tells whose a certificate's Secret is. Its own name doesn't: the platform's gateway-www.example.com begins
 * like those of an environment gateway-www.
 */
function isOf(prefix: string, { metadata: { name, annotations = {} } }: Secret): boolean {
    return name === `${prefix}${accountName}` || (annotations["cert-manager.io/issuer-name"] ?? "").startsWith(prefix);
}

async function remove(connection: Connection, name: string): Promise<void> {
    await send(connection, "DELETE", `${secrets}/${name}`).catch((error: Error) => {
        if (!(error instanceof KubernetesError && error.code === 404)) throw error;
    });
}
