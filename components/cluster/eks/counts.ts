import type { EksArgs, NodePool } from "./args";
import { askAws } from "./caller";

/** How many nodes a pool is asked to have, and whether that is for its autoscaler to say. */
export interface Count {
    desired: number;
    autoscaled: boolean;
}

/** An Auto Scaling group, as AWS describes it. */
interface Group {
    MinSize: number;
    MaxSize: number;
    DesiredCapacity: number;
    Tags: { Key: string; Value: string }[];
}

/**
 * AWS takes a pool's limits only together with its number of nodes. So that new limits neither take the autoscaler's
 * nodes away nor are refused as out of step with that number, today's is looked up and moved within them; while the
 * limits stay as they are, the number is the autoscaler's.
 * @param nodeGroupName begins the names of a pool's node groups
 */
export function countsOf(
    { name, region, nodePools }: Pick<EksArgs, "name" | "region" | "nodePools">,
    nodeGroupName: (pool: string) => string,
): Record<string, Count> {
    const groups = askAws([
        "autoscaling", "describe-auto-scaling-groups", "--region", region,
        "--filters", `Name=tag:eks:cluster-name,Values=${name}`, "--query", "AutoScalingGroups",
    ], "It needs the permission autoscaling:DescribeAutoScalingGroups.") as Group[] | undefined;
    const entries = Object.entries(nodePools).map(([pool, limits]) => {
        const found = groups?.find(({ Tags }) => Tags.some(({ Key, Value }) =>
            Key === "eks:nodegroup-name" && Value.startsWith(`${nodeGroupName(pool)}-`)));
        return [pool, countOf(limits, found)] as const;
    });
    return Object.fromEntries(entries);
}

function countOf({ min, max }: NodePool, found: Group | undefined): Count {
    if (!found) return { desired: min, autoscaled: true };
    return {
        desired: Math.min(max, Math.max(min, found.DesiredCapacity)),
        autoscaled: found.MinSize === min && found.MaxSize === max,
    };
}
