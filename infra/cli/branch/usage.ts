import { type Connection, send } from "../../../components/cluster/kubernetes-api";
import { activatorName } from "../../../components/workload/labels";
import { asleepIn } from "../status/asleep";
import { list } from "../status/fields";
import { nameOf } from "../status/objects";
import type { BranchRecord } from "./records";

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
    const read = (kind: string) => send(connection, "GET", `/apis/apps/v1/namespaces/${name}/${kind}`, { seconds: 20 })
        .then(found => list(found, "items"), () => undefined);
    const [deployments, statefulSets] = await Promise.all([read("deployments"), read("statefulsets")]);
    if (deployments === undefined || statefulSets === undefined) return { state: "unknown", used: now };
    if (deployments.length === 0) return { state: "incomplete", used };
    const asleep = asleepIn({ deployments, statefulSets }, name);
    if (asleep) return { state: "asleep", used: new Date(Math.max(used.getTime(), asleep.since)) };
    return { state: "awake", used: deployments.some(each => nameOf(each) === activatorName) ? now : used };
}
