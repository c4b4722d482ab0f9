// Resets machines to how they were found. One that no longer answers, or is another machine by now, holds up nothing.
import { main } from "../../scripts/process";
import { resetTasks } from "../machine/reset";
import type { ClusterFacts, KnownNode, NodeFacts } from "../program/facts";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { isSilent, isStranger } from "./ssh-failure";
import { describeFailures, type Failure, type Operation, perform, type Step } from "./steps";

export interface Reset extends Operation {
    cluster: Pick<ClusterFacts, "owner" | "network" | "volumes">;
    nodes: (NodeFacts | KnownNode)[];
}

export const steps: Step<Reset>[] = [
    { on: "nodes", tasks: (s, node) => resetTasks(s.cluster, node), failed: leaveAbsent },
];

function leaveAbsent(failures: Failure[]): string | undefined {
    return describeFailures(failures.filter(({ machine: { name, host }, result }) => {
        const absent = isSilent(result) ? "does not answer" : isStranger(result) && "has another host key by now";
        if (result.code !== 255 || !absent) return true;
        process.stderr.write(`${name} (${host}) ${absent}; it is left as it is.\n`);
        return false;
    }));
}

export async function reset(): Promise<void> {
    const { cluster, nodes, ssh } = readFacts<"reset">();
    // `npm run down -- --keep-data` keeps what the settings would delete.
    const volumes = process.env.LANDFALL_KEEP_DATA === "true" ? undefined : cluster.volumes;
    await withSsh({ ssh, nodes }, connection => perform(steps, { connection, cluster: { ...cluster, volumes }, nodes }));
}

if (require.main === module) void main(reset);
