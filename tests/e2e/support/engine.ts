import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as yaml from "yaml";
import type { Target } from "../../../infra/config";
import { pulumiDownload } from "../../../infra/cli/computer/network";
import { probes } from "../../../infra/cli/computer/probes";
import type { Outputs } from "../../../infra/cli/engine/engine";
import { PulumiEngine } from "../../../infra/cli/engine/pulumi";
import { passphraseEnvironment } from "../../../infra/cli/passphrase";
import { Terminal } from "../../../infra/cli/terminal";
import { ensurePulumi } from "../../../infra/cli/tools/pulumi";
import { run } from "../../../infra/offline/kit/run";
import { root } from "./names";
import { type Ended, startProgram } from "./npm";
import { killAll } from "./processes";

/** What came of applying a stack: how many resources were created and so on, each of them named. */
export interface Result {
    outputs: Outputs & Record<string, unknown>;
    changes: Record<"create" | "update" | "replace" | "delete" | "same", number>;
}

/** Settings of a stack; `secrets` are paths such as `landfall:cluster.token`, with their values. */
export interface Settings {
    config: Record<string, unknown>;
    secrets?: Record<string, string>;
}

/** A stack of this project beside the suite's own, in the suite's backend, as `npm start` applies one. */
export class EngineStack {
    private readonly file: string;

    constructor(readonly name: string, private readonly target: Target, private readonly line: (line: string) => void) {
        this.file = path.join(root, `Pulumi.${name}.yaml`);
    }

    async up(settings: Settings): Promise<Result> {
        const { outputs, changes } = await (await this.open(settings)).engine.up();
        return { outputs: outputs as Result["outputs"], changes: { create: 0, update: 0, replace: 0, delete: 0, same: 0, ...changes } };
    }

    async destroy(settings: Settings): Promise<void> {
        await (await this.open(settings)).engine.destroy(false);
    }

    /** What a plain `pulumi preview` says. */
    async preview(settings: Settings): Promise<Ended> {
        const { pulumi } = await this.open(settings);
        return startProgram(pulumi, ["preview", "--stack", this.name, "--non-interactive"], passphraseEnvironment()).ended;
    }

    /** Forgets the stack, which has made nothing. */
    async remove(settings: Settings): Promise<void> {
        const { pulumi } = await this.open(settings);
        const { code } = await startProgram(
            pulumi, ["stack", "rm", "--yes", "--preserve-config", "--stack", this.name], passphraseEnvironment()).ended;
        if (code !== 0) throw new Error(`The stack ${this.name} could not be removed.`);
    }

    /**
     * Begins `pulumi up` and kills it and all that it has started after this many seconds, or when `hears`, which gets all
     * that it has said, says so; returns what it was at.
     */
    async interrupted(
        settings: Settings, seconds: number, hears: (said: string) => boolean = () => false,
    ): Promise<string> {
        const { engine, pulumi } = await this.open(settings);
        await engine.recover();
        const mark = randomUUID();
        const child = spawn(pulumi, ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", this.name], {
            cwd: root, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...passphraseEnvironment(), LANDFALL_E2E_RUN: mark },
        });
        let said = "";
        let killed = false;
        const kill = (): void => {
            killed = true;
            killAll(`LANDFALL_E2E_RUN=${mark}`);
        };
        for (const stream of [child.stdout, child.stderr]) {
            stream.on("data", (data: Buffer) => {
                said += data.toString();
                if (hears(said)) kill();
            });
        }
        const ended = new Promise<number | null>(resolve => child.on("close", resolve));
        const timer = setTimeout(kill, seconds * 1000);
        const code = await ended;
        clearTimeout(timer);
        this.line(said);
        // It may see the end of what it has started before its own.
        if (code !== null && code !== 0 && !killed) throw new Error(`It failed before it was interrupted:\n${said}`);
        return code === 0 ? "its end" : said.trim().split("\n").pop() ?? "";
    }

    /** The state as the backend keeps it. */
    state(): string {
        const directory = (process.env.PULUMI_BACKEND_URL as string).replace("file://", "");
        return fs.readFileSync(path.join(directory, ".pulumi", "stacks", "landfall", `${this.name}.json`), "utf8");
    }

    /** Removes the stack's file. */
    end(): void {
        fs.rmSync(this.file, { force: true });
    }

    /** Writes the settings as a user would, and opens the stack: what Pulumi keeps in the file stays. */
    private async open({ config, secrets = {} }: Settings): Promise<{ engine: PulumiEngine; pulumi: string }> {
        const before = fs.existsSync(this.file) ? yaml.parse(fs.readFileSync(this.file, "utf8")) as object : {};
        fs.writeFileSync(this.file, yaml.stringify({ ...before, config }));
        const terminal = new Terminal({ write: (text: string) => this.line(text) }, {});
        const command = await ensurePulumi(this.target, await probes.answers(pulumiDownload), this.line);
        const engine = await PulumiEngine.create(this.name, command, terminal, new AbortController().signal);
        for (const [key, value] of Object.entries(secrets)) {
            const args = ["config", "set", "--secret", "--path", key, "--stack", this.name, "--non-interactive"];
            await run(command.command, args, { cwd: root, env: passphraseEnvironment(), input: value });
        }
        return { engine, pulumi: command.command };
    }
}
