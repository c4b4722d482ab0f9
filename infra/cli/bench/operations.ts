import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../../offline/kit/run";
import { dockerEnvironment } from "../computer/docker";
import { pulumiDownload } from "../computer/network";
import { probes } from "../computer/probes";
import { backendAddress } from "../engine/lock";
import { readSettings, stackConfigFile } from "../stack/config";
import { root, stackFile } from "../stack/home";
import { passphraseEnvironment } from "../stack/passphrase";
import { UserError } from "../terminal/errors";
import { addKitToPath } from "../tools/programs";
import { ensurePulumi } from "../tools/pulumi";

/** The preview comes first: it stops where there is something to do. */
const operations = {
    "preview": ["preview"],
    "up without a change": ["up", "--yes", "--skip-preview"],
    "refresh": ["refresh", "--yes", "--skip-preview"],
};

/** Seconds that an operation takes on the stack and on an empty program: the best of all runs. */
type Timed = [operation: string, stack: number, empty: number];

/** Times Pulumi's operations on a stack without pending changes, and on an empty program. */
export async function timeOperations(stack: string, runs: number): Promise<Timed[]> {
    const { cluster } = readSettings(stack, stackConfigFile(stack));
    const { command } = await ensurePulumi(cluster.target, await probes.answers(pulumiDownload), line => console.error(line));
    addKitToPath(cluster.target); // kind or minikube, if the kit built it
    const configured = stackFile(stack, "config.yaml");
    const file = fs.existsSync(configured) ? ["--config-file", configured] : [];
    const pulumi = (args: string[], cwd: string, env: Record<string, string>): Promise<string> =>
        run(command, [...args, "--non-interactive"], { cwd, env });
    const environment = { ...passphraseEnvironment(), ...dockerEnvironment() };
    const empty = emptyProject();
    try {
        await pulumi(["stack", "init", "empty"], empty.directory, empty.environment);
        await pulumi(["up", "--yes", "--skip-preview"], empty.directory, empty.environment);
        const timed: Timed[] = [];
        for (const [name, args] of Object.entries(operations)) {
            const unchanged = [...args, "--expect-no-changes"];
            timed.push([
                name,
                await best(runs, () => pulumi([...unchanged, "--stack", stack, ...file], root, environment)
                    .catch((error: Error) => { throw notUp(stack, error); })),
                await best(runs, () => pulumi(unchanged, empty.directory, empty.environment)),
            ]);
        }
        return timed;
    } finally {
        fs.rmSync(empty.directory, { recursive: true, force: true });
    }
}

/** A project whose program creates nothing, started like ours. */
function emptyProject(): { directory: string; environment: Record<string, string> } {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-empty-"));
    const settings = fs.readFileSync(path.join(root, "Pulumi.yaml"), "utf8");
    fs.writeFileSync(path.join(directory, "Pulumi.yaml"), settings.replace(/^name: .*$/m, "name: empty"));
    fs.writeFileSync(path.join(directory, "package.json"), JSON.stringify({ name: "empty", main: "index.ts" }));
    fs.writeFileSync(path.join(directory, "index.ts"), "export {};\n");
    for (const name of ["node_modules", "infra"]) fs.symlinkSync(path.join(root, name), path.join(directory, name), "junction");
    fs.mkdirSync(path.join(directory, "backend"));
    const backend = backendAddress(path.join(directory, "backend"));
    return { directory, environment: { PULUMI_BACKEND_URL: backend, PULUMI_CONFIG_PASSPHRASE: "empty" } };
}

async function best(runs: number, work: () => Promise<unknown>): Promise<number> {
    const seconds: number[] = [];
    for (let i = 0; i < runs; i++) {
        const begin = performance.now();
        await work();
        seconds.push((performance.now() - begin) / 1000);
    }
    return Math.min(...seconds);
}

function notUp(stack: string, { message }: Error): UserError {
    const changes = /no changes were expected/.test(message);
    const reason = `The stack ${stack} has to be up, with nothing to do: npm start -- --stack ${stack}`;
    return new UserError(changes ? reason : message);
}
