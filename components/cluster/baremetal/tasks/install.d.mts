import type { Task } from "./script.mjs";

export function installTasks(cluster: object, node: object): Task[];
export function runtimeTasks(cluster: object): Task[];
export function repositories(cluster: object): string;
