import type { Task } from "./script.mjs";

export const standingTask: Task;
export function standingOf(answers: { node: string; made?: Record<string, string> }[]): Record<string, unknown> | undefined;
