import * as fs from "node:fs";
import * as path from "node:path";
import * as yaml from "yaml";
import { libraryRoot } from "../../components/project";
import { captureProgram, type Registered } from "../../infra/cli/capture";
import { renderYaml } from "../../infra/cli/render";
import { readStackConfig } from "../../infra/cli/stack/config";
import { run } from "../../infra/offline/kit/run";

/** Files of the repository, relative to its root. */
export async function repositoryFiles(): Promise<string[]> {
    const listed = await run("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: libraryRoot });
    return listed.split("\n").filter(file => fs.existsSync(path.join(libraryRoot, file)));
}

export function workflows(files: string[]): string[] {
    return files.filter(file => /^\.github\/workflows\/.*\.ya?ml$/.test(file));
}

/** The repository's own actions. */
export function actions(files: string[]): string[] {
    return files.filter(file => /^\.github\/actions\/.*\/action\.ya?ml$/.test(file));
}

export function dockerfiles(files: string[]): string[] {
    return files.filter(file => path.basename(file) === "Dockerfile");
}

/** Scripts that say in their first line which shell runs them. */
export function scripts(files: string[]): string[] {
    const shebang = /^#!.*\b(ba|da)?sh\b/;
    return files.filter(file => shebang.test(firstBytes(path.join(libraryRoot, file))));
}

export interface Stack {
    /** Its Kubernetes objects in YAML, without definitions, for which no linter has rules. */
    objects: string;
    resources: Registered[];
}

/** Every stack that has a file, by name. */
export async function renderedStacks(files: string[]): Promise<Map<string, Stack>> {
    process.env.LANDFALL_RENDER = "1";
    const stacks = files.flatMap(file => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
    const rendered = new Map<string, Stack>();
    for (const stack of stacks) {
        const { config } = readStackConfig(path.join(libraryRoot, `Pulumi.${stack}.yaml`));
        const { resources } = await captureProgram({ stack, config });
        const objects = resources.filter(({ type }) => !type.endsWith(":CustomResourceDefinition"));
        rendered.set(stack, { objects: renderYaml(objects), resources });
    }
    return rendered;
}

/** The scripts in the pods of a rendered stack, by the container that runs them. */
export function podScripts({ objects }: Stack): Map<string, string> {
    const found = new Map<string, string>();
    for (const document of yaml.parseAllDocuments(objects)) visit(document.toJSON(), [], found);
    return found;
}

function visit(value: unknown, names: string[], found: Map<string, string>): void {
    if (typeof value !== "object" || value === null) return;
    const { name, metadata, command = [], args = [] } = value as Node;
    const below = [...names, ...[metadata?.name, name].filter(one => typeof one === "string")];
    const words = [...asList(command), ...asList(args)];
    const option = words.findIndex(word => /^-[a-z]*c$/.test(word));
    if (/(^|\/)(ba)?sh$/.test(words[0] ?? "") && option === 1) {
        found.set(below.join("-"), `#!/bin/${path.basename(words[0])}\n${words[2]}\n`);
    }
    for (const part of Object.values(value)) visit(part, below, found);
}

interface Node {
    name?: string;
    metadata?: { name?: string };
    command?: unknown;
    args?: unknown;
}

function asList(value: unknown): string[] {
    return Array.isArray(value) ? value.map(String) : [];
}

function firstBytes(file: string): string {
    if (!fs.statSync(file).isFile()) return "";
    const descriptor = fs.openSync(file, "r");
    try {
        const buffer = Buffer.alloc(80);
        return buffer.toString("utf8", 0, fs.readSync(descriptor, buffer));
    } finally {
        fs.closeSync(descriptor);
    }
}
