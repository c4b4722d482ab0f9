import * as fs from "node:fs";
import { until } from "./wait";

/** A process that is under way. */
export interface Process {
    id: number;
    command: string;
}

/** Processes that were started with this in their environment, as far as the system shows it (Linux). */
export function processesWith(setting: string): Process[] {
    if (process.platform !== "linux") return [];
    const ids = fs.readdirSync("/proc").filter(name => /^\d+$/.test(name));
    return ids.filter(id => read(`/proc/${id}/environ`).split("\0").includes(setting))
        .map(id => ({ id: Number(id), command: read(`/proc/${id}/cmdline`).split("\0").join(" ").slice(0, 200) }));
}

/** Ends the project's commands that were started with this in their environment, and waits until they have. */
export async function endCommandsWith(setting: string): Promise<void> {
    const commands = (): Process[] => processesWith(setting).filter(({ command }) => command.includes("infra/cli/"));
    for (const { id } of commands()) {
        try {
            process.kill(id, "SIGTERM");
        } catch {
            // It has ended by itself.
        }
    }
    await until("the commands to end", async () => commands().length === 0, 60);
}

/** Kills all that was started with this in its environment, and what that starts meanwhile. */
export function killAll(setting: string): void {
    for (let left = processesWith(setting); left.length > 0; left = processesWith(setting)) {
        for (const { id } of left) {
            try {
                process.kill(id, "SIGKILL");
            } catch {
                // It has ended by itself.
            }
        }
    }
}

/** Empty for a process that has ended meanwhile, or is another user's. */
function read(file: string): string {
    try {
        return fs.readFileSync(file, "utf8");
    } catch {
        return "";
    }
}
