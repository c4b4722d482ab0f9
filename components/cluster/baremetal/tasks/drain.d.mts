import type { Task } from "./script.mjs";

export function drainTasks(name: string, options: { answers: boolean; homebound?: boolean; seconds?: number }): Task[];
