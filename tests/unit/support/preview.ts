import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expect } from "vitest";
import { Registered } from "../../../infra/cli/capture";
import { isObject } from "../../../infra/values";

const root = path.resolve(__dirname, "../../..");

/** What Pulumi and `npm run render` both know of a resource before anything is made. */
export interface Planned {
    urn: string;
    parent?: string;
    dependencies: string[];
    deletedWith?: string;
    retainOnDelete: boolean;
    protect: boolean;
    inputs: unknown;
}

/** How Pulumi writes what it will only know later. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const secretMark = "4dabf18193072939515e22adb298388d";

/** Copies these files of a project elsewhere, previews a stack of it with Pulumi, and leaves no trace. */
export function previewReal(project: string, files: string[], stack: string): Planned[] {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-preview-"));
    try {
        for (const file of files) fs.cpSync(path.join(project, file), path.join(directory, file), { recursive: true });
        fs.symlinkSync(path.join(root, "node_modules"), path.join(directory, "node_modules"), "junction");
        fs.mkdirSync(path.join(directory, "state"));
        const pulumi = (...args: string[]): string => {
            const { status, stdout, stderr } = spawnSync("pulumi", [...args, "--non-interactive"], {
                cwd: directory,
                encoding: "utf8",
                maxBuffer: 1 << 28,
                env: {
                    ...process.env, LANDFALL_RENDER: "1", PULUMI_CONFIG_PASSPHRASE: "test",
                    PULUMI_BACKEND_URL: `file://${path.join(directory, "state").split(path.sep).join("/")}`,
                },
            });
            if (status !== 0) throw new Error(`pulumi ${args.join(" ")} failed:\n${stdout.slice(-2000)}\n${stderr}`);
            return stdout;
        };
        pulumi("stack", "init", stack);
        const { steps } = JSON.parse(pulumi("preview", "--json")) as { steps: { op: string; newState: RealState }[] };
        // What is only read is no resource of the stack.
        return byUrn(steps.filter(({ op }) => op !== "read").map(({ newState }) => plannedByReal(newState)));
    } finally {
        fs.rmSync(directory, { recursive: true, force: true });
    }
}

interface RealState extends Partial<Planned> {
    urn: string;
}

function plannedByReal(state: RealState): Planned {
    const { urn, parent, deletedWith, inputs } = state;
    return {
        urn, parent, deletedWith,
        dependencies: [...(state.dependencies ?? [])].sort(),
        retainOnDelete: state.retainOnDelete ?? false,
        protect: state.protect ?? false,
        inputs: comparable(inputs ?? {}),
    };
}

/** The same of what is rendered. */
export function planned(resources: Registered[]): Planned[] {
    return byUrn(resources.map(({ urn, parent, deletedWith, dependsOn, retainOnDelete, protect, marked }) => ({
        urn,
        parent: parent || undefined,
        deletedWith: deletedWith || undefined,
        dependencies: [...dependsOn].sort(),
        retainOnDelete: retainOnDelete ?? false,
        protect: protect ?? false,
        inputs: comparable(marked),
    })));
}

/** Fails where anything else is rendered than Pulumi sees, as far as it knows before it makes things. */
export function expectSame(mine: Planned[], real: Planned[]): void {
    expect(mine.map(resource => resource.urn)).toEqual(real.map(resource => resource.urn));
    mine.forEach((resource, index) => {
        const known = { ...resource, inputs: asFarAsKnown(resource.inputs, real[index].inputs) };
        const given = { ...real[index], inputs: withoutDefaults(real[index].inputs, resource.inputs) };
        expect(JSON.parse(JSON.stringify(known)), resource.urn).toEqual(JSON.parse(JSON.stringify(given)));
    });
}

/** Replaces in `mine` whatever Pulumi doesn't know yet, so that the rest can be compared. */
function asFarAsKnown(mine: unknown, real: unknown): unknown {
    if (real === unknown) return unknown;
    if (Array.isArray(mine) && Array.isArray(real)) return mine.map((value, index) => asFarAsKnown(value, real[index]));
    if (isObject(mine) && isObject(real)) {
        return Object.fromEntries(Object.entries(mine).map(([key, value]) => [key, asFarAsKnown(value, real[key])]));
    }
    return mine;
}

/** The real inputs without what a provider has added by itself, such as its version. */
function withoutDefaults(real: unknown, mine: unknown): unknown {
    if (!isObject(real) || !isObject(mine)) return real;
    const given = Object.entries(real).filter(([key]) => key in mine);
    return Object.fromEntries(given.map(([key, value]) => [key, withoutDefaults(value, mine[key])]));
}

function byUrn(resources: Planned[]): Planned[] {
    return resources.sort((a, b) => (a.urn < b.urn ? -1 : 1));
}

/** Secrets stand as such, whatever their value, and the providers' own notes are left out. */
function comparable(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(comparable);
    if (!isObject(value)) return value === "[secret]" ? "[secret]" : value;
    if (secretMark in value) return "[secret]";
    const entries = Object.entries(value).filter(([key, entry]) => !key.startsWith("__") && entry !== undefined);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, entry]) => [key, comparable(entry)]));
}
