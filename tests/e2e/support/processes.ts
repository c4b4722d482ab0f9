import * as fs from "node:fs";

/** Processes that were started with this in their environment, as far as the system shows it (Linux). */
export function processesWith(setting: string): string[] {
    if (process.platform !== "linux") return [];
    const ids = fs.readdirSync("/proc").filter(name => /^\d+$/.test(name));
    return ids.filter(id => read(`/proc/${id}/environ`).split("\0").includes(setting))
        .map(id => `${id} ${read(`/proc/${id}/cmdline`).split("\0").join(" ").slice(0, 200)}`);
}

/** Empty for a process that has ended meanwhile, or is another user's. */
function read(file: string): string {
    try {
        return fs.readFileSync(file, "utf8");
    } catch {
        return "";
    }
}
