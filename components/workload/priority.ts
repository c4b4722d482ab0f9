/** How important an environment is, compared with others on the same cluster. */
export const priorities = ["high", "normal", "low"] as const;
export type Priority = typeof priorities[number];

/**
 * The values of PriorityClasses. They must never change, because Kubernetes refuses that.
 * - A pod without a class has 0, like those of an environment of normal priority.
 * - Cluster autoscalers add no nodes for pods below -10.
 * - Nodes, DNS and network have 2000000000 and more, which Kubernetes reserves.
 */
const environments: Record<Priority, number> = { high: 1000, normal: 0, low: -10 };

/** PriorityClass of the platform's pods. Without the gateway, nobody reaches any environment. */
export const platformPriorityClass = "landfall-platform";

/** PriorityClasses of an environment's pods. */
export interface EnvironmentClasses {
    /** Of web services, workers and scheduled tasks. */
    usual: string;
    /** Of databases and other services with data, of which no other pod can take the place. */
    database: string;
}

export function classesOf(priority: Priority): EnvironmentClasses {
    return { usual: `landfall-${priority}`, database: `landfall-${priority}-database` };
}

/** All PriorityClasses, with their values. */
export const priorityClasses: Record<string, number> = {
    [platformPriorityClass]: 1_000_000,
    ...Object.fromEntries(priorities.flatMap(priority => {
        const { usual, database } = classesOf(priority);
        return [[usual, environments[priority]], [database, environments[priority] + 1]];
    })),
};

/** The PriorityClasses that pods of an environment with this priority must not have: the platform's, Kubernetes' and others'. */
export function classesOfOthers(priority: Priority): string[] {
    const { usual, database } = classesOf(priority);
    return [...Object.keys(priorityClasses), "system-cluster-critical", "system-node-critical"]
        .filter(name => name !== usual && name !== database);
}
