import type { Task } from "./script.mjs";

export function snapshotTasks(
    cluster: object, settings: { repository: string; password: string; environment?: string },
): Task[];
