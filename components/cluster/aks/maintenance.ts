import * as containerservice from "@pulumi/azure-native/containerservice";
import type { Maintenance } from "./args";
import type { Place } from "./place";

/** The names by which AKS knows the windows of the cluster's and of the nodes' upgrades. */
const windows = { cluster: "aksManagedAutoUpgradeSchedule", nodes: "aksManagedNodeOSUpgradeSchedule" };

/** Upgrades happen weekly, on that day and at that time. */
export function createMaintenance(
    name: string, cluster: containerservice.ManagedCluster, { day, start, hours }: Maintenance, place: Place,
): containerservice.MaintenanceConfiguration[] {
    return Object.entries(windows).map(([what, configName]) => {
        return new containerservice.MaintenanceConfiguration(`${name}-maintenance-${what}`, {
            resourceGroupName: place.group.name,
            resourceName: cluster.name,
            configName,
            maintenanceWindow: {
                schedule: { weekly: { intervalWeeks: 1, dayOfWeek: day } },
                startTime: start,
                utcOffset: "+00:00",
                durationHours: hours,
            },
        }, place.options);
    });
}
