import { type Connection, send } from "../../../components/cluster/kubernetes-api";
import { list, number, text, time } from "../status/fields";
import type { BranchRecord } from "./records";

/** The Deployment that wakes an environment, and its field manager, by which it shows what it put to sleep. */
const [activator, manager] = ["activator", "landfall-activator"];

export type State = "awake" | "asleep" | "incomplete" | "being brought up" | "being removed" | "removal interrupted" | "unknown";

/** What an environment is doing, and when it was last used. */
export interface Usage {
    state: State;
    used: Date;
}

/**
 * Looks at an environment. One that sleeps was last used before it fell asleep, and one that could sleep but doesn't is in use.
 * Of one that never sleeps, only the last `up` is known. What can't be read counts as used.
 */
export async function readUsage(connection: Connection, { name, heldBy, removing, used }: BranchRecord, now = new Date()): Promise<Usage> {
    if (heldBy !== undefined) return { state: removing ? "being removed" : "being brought up", used: now };
    if (removing) return { state: "removal interrupted", used };
    const found = await send(connection, "GET", `/apis/apps/v1/namespaces/${name}/deployments`, { seconds: 20 }).catch(() => undefined);
    if (found === undefined) return { state: "unknown", used: now };
    const deployments = list(found, "items");
    if (deployments.length === 0) return { state: "incomplete", used };
    // An autoscaler keeps at least one pod, so a Deployment without any was put to sleep.
    const asleep = deployments.filter(deployment => number(deployment, "spec", "replicas") === 0);
    if (asleep.length === 0) return { state: "awake", used: deployments.some(each => text(each, "metadata", "name") === activator) ? now : used };
    const since = asleep.flatMap(each => list(each, "metadata", "managedFields"))
        .filter(entry => text(entry, "manager") === manager).map(entry => time(entry, "time") ?? 0);
    return { state: "asleep", used: new Date(Math.max(used.getTime(), ...since)) };
}
