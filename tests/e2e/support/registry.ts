import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { buildTools } from "../../../infra/offline/kit";
import { run } from "../../../infra/offline/kit/run";
import { until } from "./wait";

/** A registry on 127.0.0.1, of this computer and of the nodes alike: a program for each, over the same files. */
export class LocalRegistry {
    readonly host = "127.0.0.1:18855";
    private readonly programs: ChildProcess[] = [];

    /**
     * @param directory for its images
     * @param nodes the nodes' containers
     */
    constructor(private readonly directory: string, private readonly nodes: string[]) {}

    /** Starts it; `deletes` says whether it deletes images on request. */
    async start(deletes: boolean): Promise<void> {
        await this.stop();
        const program = path.join(await buildTools(console.log, ["registry"]), "registry");
        const config = path.join(this.directory, "config.yml");
        fs.mkdirSync(this.directory, { recursive: true });
        fs.writeFileSync(config, JSON.stringify({
            version: 0.1, log: { level: "error" }, http: { addr: this.host },
            storage: { filesystem: { rootdirectory: path.join(this.directory, "images") }, delete: { enabled: deletes } },
        }));
        const serve = [program, "serve", config];
        const within = await Promise.all(this.nodes.map(async node =>
            ["nsenter", "--target", await run("docker", ["inspect", "--format", "{{.State.Pid}}", node]), "--net", ...serve]));
        for (const [first, ...args] of [serve, ...within]) {
            this.programs.push(spawn(first, args, { stdio: "ignore", env: { ...process.env, OTEL_TRACES_EXPORTER: "none" } }));
        }
        await until("the registry", async () => (await fetch(`http://${this.host}/v2/`)).ok, 30);
    }

    async stop(): Promise<void> {
        await Promise.all(this.programs.splice(0).map(program => new Promise(resolve => {
            program.once("close", resolve);
            program.kill("SIGKILL");
        })));
    }

    /** What it has: `repository:tag`. */
    async tags(): Promise<string[]> {
        const ask = async (what: string): Promise<Record<string, string[] | null>> => (await fetch(`http://${this.host}/v2/${what}`)).json() as never;
        const { repositories } = await ask("_catalog");
        const tags = await Promise.all((repositories ?? []).map(async name => ((await ask(`${name}/tags/list`)).tags ?? []).map(tag => `${name}:${tag}`)));
        return tags.flat().sort();
    }
}
