import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const root = path.resolve(__dirname, "../../..");

export interface FakeNode {
    cluster: string;
    name: string;
    role: string;
    running: boolean;
    api: boolean;
    mounts: string[];
    images: string[];
}

interface State {
    nodes: FakeNode[];
    profiles: Record<string, { port: number; running: boolean; gone?: boolean; images: string[]; version?: string }>;
    behave: {
        docker?: "down";
        kind?: "port" | "files" | "fail" | "hang" | "digest";
        minikube?: "fail" | "lies" | "asks" | "offline" | "down";
        /** Versions of Kubernetes that minikube lists. */
        knows?: string[];
        certificate?: string;
    };
    config?: { nodes: { extraMounts: { hostPath: string }[] }[] };
}

export interface Result {
    code: number | null;
    stdout: string;
    stderr: string;
}

/**
 * A computer of its own for the scripts: a home with a space in its name, and docker, kind and minikube on PATH that
 * only write down what they are asked for.
 */
export class FakeComputer {
    readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
    readonly home = path.join(this.directory, "landfall home");
    private readonly bin = path.join(this.directory, "bin");
    private readonly fakes = path.join(this.directory, "fakes");
    private user?: number;
    private project = root;

    constructor() {
        fs.mkdirSync(this.bin);
        fs.cpSync(__dirname, this.fakes, { recursive: true });
        for (const program of ["docker", "kind", "minikube"]) this.install(program);
        this.change(() => ({ nodes: [], profiles: {}, behave: {} }));
    }

    get environment(): Record<string, string | undefined> {
        return {
            ...process.env,
            PATH: [this.bin, path.dirname(process.execPath), process.env.PATH].join(path.delimiter),
            FAKES: this.directory,
            HOME: path.join(this.directory, "user"),
            LANDFALL_HOME: this.home,
            MINIKUBE_HOME: path.join(this.directory, "mini"),
            KUBECONFIG: path.join(this.directory, "the user's own"),
            PULUMI_CONFIG_PASSPHRASE: "hunter2",
        };
    }

    get state(): State {
        return JSON.parse(fs.readFileSync(path.join(this.directory, "state.json"), "utf8")) as State;
    }

    change(edit: (state: State) => State | void): void {
        const file = path.join(this.directory, "state.json");
        const state = fs.existsSync(file) ? this.state : ({} as State);
        fs.writeFileSync(file, JSON.stringify(edit(state) ?? state));
    }

    /** The calls so far, of one program or of all. */
    calls(program?: string): { program: string; args: string[]; kubeconfig?: string; passphrase?: string }[] {
        const file = path.join(this.directory, "calls.jsonl");
        const lines = fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n") : [];
        const calls = lines.map(line => JSON.parse(line) as ReturnType<FakeComputer["calls"]>[number]);
        return calls.filter(call => program === undefined || call.program === program);
    }

    remove(program: string): void {
        fs.rmSync(path.join(this.bin, program));
    }

    /** From now on scripts run as a user who may not remove all files, even where the tests run as root. */
    becomeOrdinaryUser(): void {
        if (process.getuid?.() !== 0) return;
        this.user = 65534;
        // Nobody else may enter root's home, if the project is there.
        this.project = path.join(this.directory, "project");
        fs.cpSync(path.join(root, "components", "cluster"), path.join(this.project, "components", "cluster"), { recursive: true });
        const entries = fs.readdirSync(this.directory, { recursive: true, encoding: "utf8" });
        for (const entry of ["", ...entries]) fs.chownSync(path.join(this.directory, entry), this.user, this.user);
    }

    /** Runs a script as the engine does: by `node`, in the project's directory. */
    run(script: string, environment: Record<string, string>): Result {
        const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
            cwd: this.project, encoding: "utf8", uid: this.user, env: { ...this.environment, ...environment },
        });
        return { code: status, stdout, stderr };
    }

    /** Starts a script, waits for the file that tells how far it came, and kills it. */
    async interrupt(script: string, environment: Record<string, string>, until: string): Promise<void> {
        const child = spawn(process.execPath, [script], { cwd: root, env: { ...this.environment, ...environment } });
        const file = path.join(this.directory, until);
        while (!fs.existsSync(file) || fs.readFileSync(file, "utf8") === "") {
            await new Promise(resolve => setTimeout(resolve, 20));
        }
        child.kill("SIGKILL");
        await once(child, "exit");
        process.kill(Number(fs.readFileSync(file, "utf8")), "SIGKILL");
    }

    dispose(): void {
        fs.rmSync(this.directory, { recursive: true, force: true });
    }

    private install(program: string): void {
        const fake = path.join(this.fakes, `${program}.cjs`);
        fs.writeFileSync(path.join(this.bin, program), `#!${process.execPath}\nrequire(${JSON.stringify(fake)});\n`);
        fs.chmodSync(path.join(this.bin, program), 0o755);
    }
}
