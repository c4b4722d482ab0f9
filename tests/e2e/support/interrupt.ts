import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { EngineOptions } from "../../../infra/offline/engine";
import { root } from "./names";

/**
 * Begins `up` in a process of its own and kills it and all that it has started, at the latest when `hears`, which gets all
 * that it has said, says so; returns what it was at.
 */
export async function interrupted(
    options: EngineOptions, seconds: number, hears: (said: string) => boolean = () => false,
): Promise<string> {
    const { log: _, ...settings } = options;
    fs.mkdirSync(options.directory, { recursive: true });
    const file = path.join(options.directory, "interrupted.json");
    fs.writeFileSync(file, JSON.stringify(settings));
    const child = spawn(process.execPath, ["--import", "tsx", path.join(__dirname, "up.ts"), file], {
        cwd: root, detached: true, stdio: ["ignore", "pipe", "pipe"],
    });
    const said: string[] = [];
    let killed = false;
    const kill = () => {
        if (!killed) process.kill(-(child.pid as number), "SIGKILL");
        killed = true;
    };
    child.stdout.on("data", (data: Buffer) => {
        said.push(data.toString());
        if (hears(said.join(""))) kill();
    });
    child.stderr.on("data", (data: Buffer) => said.push(data.toString()));
    const ended = new Promise<number | null>(resolve => child.on("close", resolve));
    const timer = setTimeout(kill, seconds * 1000);
    const code = await ended;
    clearTimeout(timer);
    fs.rmSync(file);
    if (code !== null && code !== 0) throw new Error(`It failed before it was interrupted:\n${said.join("")}`);
    return code === 0 ? "its end" : said.join("").trim().split("\n").pop() ?? "";
}
