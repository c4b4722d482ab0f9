import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { libraryRoot } from "../../components/project";
import type { Linter } from "./exceptions";
import { scripts as machineScripts } from "../unit/support/operations";
import { actions, dockerfiles, podScripts, scripts, Stack, workflows } from "./subjects";
import { terraformPlan } from "./terraform";
import { goTool, pythonPackage, shellcheck } from "./tools";

/** What a linter has against a file, a script or an object. */
export interface Finding {
    rule: string;
    /** Where: a file with its line, or an object of a stack. */
    place: string;
    message: string;
}

export interface Subjects {
    /** Files of the repository. */
    files: string[];
    stacks: Map<string, Stack>;
    /** A directory for what isn't a file of the repository. */
    scratch: string;
}

export interface Result {
    looked: string;
    findings: Finding[];
}

/**
 * A linter that looks at nothing finds nothing either: each is given files with mistakes, of these names, and has to
 * find some in each.
 */
export const mistaken: Record<Linter, string[]> = {
    actionlint: ["mistaken.yml"],
    zizmor: ["mistaken.yml"],
    shellcheck: ["mistaken.sh"],
    checkov: ["mistaken-pod:", "mistaken-key:"],
    "kube-score": ["mistaken-pod:"],
};

export const linters: Record<Linter, (subjects: Subjects) => Promise<Result>> = {
    async actionlint({ files, scratch }) {
        const found = workflows(files);
        const args = ["-format", "{{json .}}", "-no-color", "-shellcheck", await shellcheck(), "-pyflakes", ""];
        const printed = await output(await goTool("actionlint"), [...args, ...found, mistakenWorkflow(scratch)]);
        const reported = JSON.parse(printed) as { message: string; filepath: string; line: number; kind: string }[];
        const findings = reported.map(({ message, filepath, line, kind }) =>
            ({ rule: kind, place: placeOf(filepath, line), message }));
        return { looked: `${found.length} workflows`, findings };
    },

    async zizmor({ files, scratch }) {
        const found = [...workflows(files), ...actions(files)];
        const program = path.join(await pythonPackage("zizmor"), "bin/zizmor");
        const options = ["--offline", "--no-progress", "--quiet", "--persona=pedantic", "--format=json-v1"];
        const printed = await output(program, [...options, ...found, mistakenWorkflow(scratch)]);
        interface Location {
            symbolic: { key: { Local: { verbatim_path: string } }; kind: string };
            concrete: { location: { start_point: { row: number } } };
        }
        const reported = JSON.parse(printed) as { ident: string; desc: string; locations: Location[] }[];
        const findings = reported.map(({ ident, desc, locations }) => {
            const { symbolic, concrete } = locations.find(({ symbolic }) => symbolic.kind === "Primary") ?? locations[0];
            const line = concrete.location.start_point.row + 1;
            return { rule: ident, place: placeOf(symbolic.key.Local.verbatim_path, line), message: desc };
        });
        return { looked: `${found.length} workflows and actions`, findings };
    },

    async shellcheck({ files, stacks, scratch }) {
        const directory = path.join(scratch, "scripts");
        fs.mkdirSync(directory);
        const inPods = new Map([...stacks.values()].flatMap(stack => [...podScripts(stack)]));
        const write = ([name, script]: [string, string]): string => {
            const file = path.join(directory, name);
            fs.writeFileSync(file, script);
            return file;
        };
        const written = [...inPods, ["mistaken.sh", "#!/bin/sh\nrm $1\n"] as [string, string]].map(write);
        // The scripts that bare-metal machines run.
        const machines = [...machineScripts].map(([name, script]) => write([`${name}.sh`, script]));
        const program = await shellcheck();
        const check = async (args: string[]): Promise<Finding[]> => {
            const { comments } = JSON.parse(await output(program, ["--format=json1", ...args])) as {
                comments: { file: string; line: number; code: number; message: string }[];
            };
            return comments.map(({ file, line, code, message }) => ({
                rule: `SC${code}`, place: `${placeOf(file, line)}: ${lineOf(file, line)}`, message,
            }));
        };
        const own = scripts(files);
        const findings = (await Promise.all([
            check([...own, ...written]), check(["--shell=bash", ...machines]),
        ])).flat();
        const looked = `${own.length} scripts, ${machines.length} of machines, ${inPods.size} in pods`;
        return { looked, findings };
    },

    async checkov({ files, stacks, scratch }) {
        const directory = path.join(scratch, "checkov");
        const copied = [...dockerfiles(files), ...workflows(files)];
        for (const file of copied) {
            fs.cpSync(path.join(libraryRoot, file), path.join(directory, file), { recursive: true });
        }
        writeObjects(stacks, directory);
        const clouds = writePlans(stacks, directory);
        const home = await pythonPackage("checkov");
        const frameworks = ["kubernetes", "terraform_plan", "dockerfile", "github_actions"];
        const args = ["--directory", directory, "--framework", ...frameworks, "--skip-download", "--quiet", "--compact"];
        const printed = await output("python3", ["-m", "checkov.main", ...args, "--output", "json"], { PYTHONPATH: home });
        interface Report {
            results: { failed_checks: Check[] };
            summary: { parsing_errors: number };
        }
        interface Check {
            check_id: string;
            check_name: string;
            file_path: string;
            resource: string;
        }
        const reports = [JSON.parse(printed) as Report | Report[]].flat();
        const unread = reports.reduce((sum, { summary }) => sum + summary.parsing_errors, 0);
        if (unread > 0) throw new Error(`checkov could not read ${unread} files.`);
        const findings = reports.flatMap(({ results }) => results.failed_checks.map(({ check_id, check_name, file_path, resource }) => ({
                rule: check_id,
                place: file_path.endsWith("Dockerfile") || file_path.startsWith("/.github")
                    ? file_path.slice(1) : `${path.parse(file_path).name}: ${resource}`,
                message: check_name,
            })));
        const looked = `${stacks.size} stacks, ${clouds} resources of AWS and Google Cloud, `
            + `${copied.length} Dockerfiles and workflows`;
        return { looked, findings };
    },

    async "kube-score"({ stacks, scratch }) {
        const directory = path.join(scratch, "kube-score");
        const program = await goTool("kube-score");
        const findings: Finding[] = [];
        for (const [stack, file] of writeObjects(stacks, directory)) {
            interface Scored {
                object_name: string;
                checks: { check: { id: string; name: string }; grade: number; skipped: boolean; comments: Comment[] | null }[];
            }
            interface Comment {
                path: string;
                summary: string;
            }
            const scored = JSON.parse(await output(program, ["score", "--output-format", "json", file])) as Scored[];
            for (const { object_name, checks } of scored) {
                for (const { check, comments } of checks.filter(({ grade, skipped }) => !skipped && grade < allOk)) {
                    for (const { path: part, summary } of comments ?? [{ path: "", summary: check.name }]) {
                        const place = `${stack}: ${object_name}${part && ` (${part})`}`;
                        findings.push({ rule: check.id, place, message: summary });
                    }
                }
            }
        }
        return { looked: `${stacks.size} stacks`, findings };
    },
};

/** kube-score's grade of what it has nothing against; warnings are below it too. */
const allOk = 10;

function mistakenWorkflow(scratch: string): string {
    const file = path.join(scratch, "mistaken.yml");
    fs.writeFileSync(file, "on: push\njobs:\n  one:\n    runs-on: ubuntu-24.04\n    steps:\n"
        + "      - uses: actions/checkout@v4\n      - run: rm $1\n        shel: bash\n");
    return file;
}

/** The stacks' objects as files, and a privileged pod; returns the files by stack. */
function writeObjects(stacks: Map<string, Stack>, directory: string): Map<string, string> {
    const pod = "apiVersion: v1\nkind: Pod\nmetadata: { name: one }\nspec:\n  containers:\n"
        + "    - { name: one, image: one, securityContext: { privileged: true } }\n";
    fs.mkdirSync(directory, { recursive: true });
    const objects = [...stacks].map(([stack, { objects }]) => [stack, objects] as const);
    return new Map([...objects, ["mistaken-pod", pod] as const].map(([stack, text]) => {
        const file = path.join(directory, `${stack}.yaml`);
        fs.writeFileSync(file, text);
        return [stack, file];
    }));
}

/** The stacks' resources in clouds as plans, and a key that is never renewed; returns how many resources there are. */
function writePlans(stacks: Map<string, Stack>, directory: string): number {
    const key = { type: "aws:kms/key:Key", name: "one", inputs: { enableKeyRotation: false } };
    fs.writeFileSync(path.join(directory, "mistaken-key.json"), terraformPlan([key]));
    const counts = [...stacks].map(([stack, { resources }]) => {
        const ofClouds = resources.filter(({ type }) => /^(aws|gcp):/.test(type));
        if (ofClouds.length === 0) return 0;
        fs.writeFileSync(path.join(directory, `${stack}.json`), terraformPlan(ofClouds));
        return ofClouds.length;
    });
    return counts.reduce((sum, count) => sum + count, 0);
}

function placeOf(file: string, line: number): string {
    const outside = path.relative(libraryRoot, path.resolve(libraryRoot, file)).startsWith("..");
    return `${outside ? path.basename(file) : file}:${line}`;
}

function lineOf(file: string, line: number): string {
    return fs.readFileSync(path.resolve(libraryRoot, file), "utf8").split("\n")[line - 1].trim();
}

/** What a linter prints; most end with a code of their own where they find something. */
function output(program: string, args: string[], env: Record<string, string> = {}): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { cwd: libraryRoot, env: { ...process.env, ...env } });
        let [printed, errors] = ["", ""];
        child.stdout.on("data", (data: Buffer) => (printed += data.toString()));
        child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
        child.on("error", cause => reject(new Error(`Could not start ${program}: ${cause.message}`, { cause })));
        child.on("close", code => {
            if (/^[[{]/.test(printed.trim())) resolve(printed);
            else reject(new Error(`${path.basename(program)} ended with code ${code}:\n${(errors || printed).slice(-3000)}`));
        });
    });
}
