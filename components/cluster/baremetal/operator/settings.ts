// @ts-nocheck
// What the program tells the scripts of this directory, as JSON in their environment.
import { fail, setting } from "../../scripts/process";
import { describeFailure } from "./ssh";

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

/** The control plane's node that answers first, other than `except`. What can't be read is no silence, and fails. */
export async function firstAnswering(connection, controlPlanes, except) {
    const others = controlPlanes.filter(({ name }) => name !== except);
    const ask = "kubectl --kubeconfig /etc/kubernetes/admin.conf get --raw /readyz >/dev/null";
    const asked = others.map(async other => {
        const result = await connection.attempt(other, ask);
        if (result.ok) return other;
        const unread = result.code !== 255 && !result.whole;
        throw unread ? new Error(describeFailure(other, result)) : undefined;
    });
    return Promise.any(asked).catch(({ errors }) => {
        const unread = errors.filter(Boolean);
        return unread.length > 0 ? fail(unread.map(({ message }) => message).join("\n\n")) : undefined;
    });
}
