// What the program tells the scripts of this directory, as JSON in their environment.
import { setting } from "../scripts/process.mjs";

/** The cluster: see `ClusterFacts` in facts.ts. */
export const cluster = () => JSON.parse(setting("CLUSTER"));
/** How machines are reached. */
export const ssh = () => ({ ...JSON.parse(setting("SSH")), privateKey: secret("SSH_PRIVATE_KEY") });
/** The node that the script is about. */
export const node = () => JSON.parse(setting("NODE"));
/** The nodes of the control plane, or all nodes where the script is about all. */
export const nodes = () => JSON.parse(setting("NODES"));

/** What is secret of it, if it is given: taken out of the environment, so that no program started here inherits it. */
export function secret(name) {
    const value = process.env[name] || undefined;
    delete process.env[name];
    return value;
}

/** The control plane's node that answers first, other than `except`. */
export async function firstAnswering(connection, controlPlanes, except) {
    const others = controlPlanes.filter(({ name }) => name !== except);
    const ask = "kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz >/dev/null";
    const asked = others.map(async other => {
        const { ok } = await connection.attempt(other, ask);
        return ok ? other : Promise.reject(new Error(other.name));
    });
    return Promise.any(asked).catch(() => undefined);
}
