/** Seconds: the least that a node's drain may take, and how much longer than its slowest pod, for PodDisruptionBudgets. */
export const drainPatience = { least: 1800, more: 600 };
