import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";

/**
 * Whether a process of this computer runs.
 * @param program beginning of its name: another program may have the ID now
 */
export function isRunning(pid: number, program = "", { platform = process.platform, output = outputOf } = {}): boolean {
    try {
        process.kill(pid, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM"; // someone else's
    }
    if (platform === "win32") return program === "" || isListed(output("tasklist", "/FI", `PID eq ${pid}`, "/FO", "CSV", "/NH"), pid, program);
    if (platform !== "linux") return isShown(output("ps", "-p", String(pid), "-o", "stat=", "-o", "ucomm="), program);
    // A killed process stays in the table until its parent waits for it, which in a container may never happen.
    const [, name, state] = /\((.*)\) (\w)/s.exec(readIfThere(`/proc/${pid}/stat`)) ?? ["", "", "X"];
    return name.startsWith(program) && !["Z", "X"].includes(state);
}

/** Whether tasklist shows the program: `"pulumi.exe","1234",…`. If it doesn't list the process, assume that it runs. */
function isListed(list: string, pid: number, program: string): boolean {
    const line = list.split("\n").find(line => line.includes(`","${pid}",`));
    return line === undefined || line.startsWith(`"${program}`);
}

/** The same for ps: `S+   pulumi`. */
function isShown(shown: string, program: string): boolean {
    const [, state, name] = /^\s*(\S+)\s+(\S.*)/.exec(shown) ?? ["", "", program];
    return name.startsWith(program) && !state.startsWith("Z");
}

/** What a program prints; nothing if it can't be run. */
function outputOf(program: string, ...args: string[]): string {
    return spawnSync(program, args, { encoding: "utf8", timeout: 20_000, windowsHide: true }).stdout ?? "";
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
