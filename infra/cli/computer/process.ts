import * as fs from "node:fs";
import * as os from "node:os";

/**
 * Whether a process of this computer runs.
 * @param program beginning of its name: another program may have the ID now. Only Linux tells.
 */
export function isRunning(pid: number, program = ""): boolean {
    try {
        process.kill(pid, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM"; // someone else's
    }
    if (process.platform !== "linux") return true;
    // A killed process stays in the table until its parent waits for it, which in a container may never happen.
    const [, name, state] = /\((.*)\) (\w)/s.exec(readIfThere(`/proc/${pid}/stat`)) ?? ["", "", "X"];
    return name.startsWith(program) && !["Z", "X"].includes(state);
}

function readIfThere(file: string): string {
    try {
        return fs.readFileSync(file, "utf8");
    } catch {
        return ""; // it has ended
    }
}

/** The name of this process's user. In a container, a user may have none. */
export function userName(): string {
    try {
        return os.userInfo().username;
    } catch {
        return `user ${process.getuid?.() ?? ""}`.trim();
    }
}
