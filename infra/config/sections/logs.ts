import * as z from "zod";
import type { LogsArgs } from "../../../components/platform";
import { refused } from "../schema/change";
import { Context } from "../schema/defaults";
import { objectName, quantity, whole } from "../schema/fields";

/** Targets that are small, or whose owner mostly collects logs already. */
const without = ["kind", "minikube", "existing"];
const usualDays = 30;

const startAgain = "Keep it, or save the logs (`npm run logs -- --since 365d > FILE`), set `keepDays` to 0, run `up`, delete the claim "
    + "`log-store-data` in the namespace `landfall-logs` if it is still there, and set both again";

/** `landfall:logs`: for how long logs are kept. They belong to the cluster, so all of its environments share them. */
export function logsSchema(context: Context) {
    return z.strictObject({
        keepDays: whole(0, 3650).default(without.some(target => target === context.target) ? 0 : usualDays).meta({
            description: "For how many days the logs of all pods are kept, also of pods that are gone. The oldest day goes first, and "
                + "earlier if the volume is full. With 0, only the nodes keep lines, while a pod exists.",
            example: 90,
            defaultText: `0 if target is ${without.join(", ").replace(/, (?=[^,]*$)/, " or ")}, otherwise ${usualDays}`,
            change: "in place; 0 deletes the logs, unless `landfall:environment.volumes` is retain",
        }),
        volume: quantity("bytes", "1Gi").prefault("10Gi").meta({
            description: "Size of the logs' volume: four fifths are for logs, which need about a tenth of their size. It also limits how "
                + "fast a node sends, so that two days always fit: 10Gi allows about 0.5 MB of lines per second. What a node writes "
                + "faster is kept later, and lost if it goes on for hours.",
            example: "50Gi", change: `grows: no volume shrinks, and not every class can grow one. ${startAgain}`,
        }),
        storageClass: objectName().optional().meta({
            description: "StorageClass of the volume.", example: "fast",
            defaultText: "the cluster's class for volumes of one pod",
            change: refused(`a volume can't change it. ${startAgain}`),
        }),
    }).meta({
        description: "How long logs are kept, for everything in the cluster.", example: { keepDays: 90, volume: "50Gi" },
        change: "in place", shared: false,
    });
}

export type LogsSettings = z.output<ReturnType<typeof logsSchema>>;

/** What the platform needs to keep logs; undefined if it keeps none. The volume outlives the stack if the site's do, or if it has none. */
export function logsToKeep({ logs, environment }: {
    logs: LogsSettings; environment?: { volumes: "delete" | "retain" };
}): LogsArgs | undefined {
    return logs.keepDays === 0 ? undefined : { ...logs, volumes: environment?.volumes ?? "retain" };
}
