import type { ClusterArgs } from "@pulumi/gcp/container";
import type { GkeArgs } from "./args";

const days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/** A Monday; the window recurs from that week on. */
const firstMonday = { year: 2026, month: 0, day: 5 };

/**
 * Patches and repairs come in the weekly window. Minor versions come by `kubernetesVersion` alone for as long as
 * Google supports the one that there is.
 */
export function maintenancePolicy({ day, start, hours }: GkeArgs["maintenance"]): ClusterArgs["maintenancePolicy"] {
    const [hour, minute] = start.split(":").map(Number);
    const { year, month } = firstMonday;
    const begin = Date.UTC(year, month, firstMonday.day + days.indexOf(day), hour, minute);
    return {
        recurringWindow: {
            startTime: timestamp(begin),
            endTime: timestamp(begin + hours * 60 * 60 * 1000),
            recurrence: `FREQ=WEEKLY;BYDAY=${day.slice(0, 2).toUpperCase()}`,
        },
        maintenanceExclusions: [{
            exclusionName: "minor-versions",
            startTime: timestamp(Date.UTC(year, month, firstMonday.day)),
            exclusionOptions: { scope: "NO_MINOR_UPGRADES", endTimeBehavior: "UNTIL_END_OF_SUPPORT" },
        }],
    };
}

function timestamp(milliseconds: number): string {
    return new Date(milliseconds).toISOString().replace(".000", "");
}
