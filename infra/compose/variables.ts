import * as fs from "node:fs";
import * as path from "node:path";
import { parseEnvFile } from "./env-file";
import type { KnownImage } from "./images";
import { InterpolationError } from "./interpolation";
import { listOf, type Node, objectOf, textOf } from "./node";
import type { Project } from "./service";

/** Names of variables whose values nobody may read in a state or a ConfigMap. */
const sensitive = /PASS(WORD|WD|PHRASE)?(_|$)|SECRET|TOKEN|PRIVATE|CREDENTIAL|API_?KEY|_KEY$|^KEY_|_SALT$|_DSN$|DATABASE_URL|CONNECTION_STRING/i;

/** The environment: what `env_file` says, then what `environment` says. Values that look like secrets become secrets. */
export function environmentOf(
    name: string, entries: { [key: string]: Node }, known: KnownImage, volumes: string[], project: Project,
): { env: Record<string, string>; secrets: Record<string, string> } {
    const { variables } = project;
    const all: Record<string, string> = envFilesOf(name, entries.env_file, project);
    for (const [key, node] of Object.entries(objectOf(entries.environment) ?? {})) {
        const value = textOf(node) ?? variables[key];
        if (value === undefined) continue;
        if (/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(key)) all[key] = value;
        else project.report.refuse(node, `services.${name}.environment has ${JSON.stringify(key)}, which is no name of letters, digits and "_"`);
    }
    // The server refuses a directory that isn't its own, as a volume's top is.
    const data = volumes.find(directory => directory === "/var/lib/postgresql/data");
    if (known.port === 5432 && data !== undefined) all.PGDATA ??= `${data}/pgdata`;
    const env = Object.entries(all).filter(([key, value]) => !isSensitive(key, value));
    const secrets = Object.entries(all).filter(([key, value]) => isSensitive(key, value))
        .map(([key, value]) => [key, project.addSecret(`${name}-${key}`, value)]);
    return { env: Object.fromEntries(env), secrets: Object.fromEntries(secrets) as Record<string, string> };
}

/** A path of a file with a secret isn't secret itself. */
function isSensitive(key: string, value: string): boolean {
    return value !== "" && sensitive.test(key) && !/_(FILE|PATH)$/i.test(key);
}

function envFilesOf(name: string, node: Node | undefined, { directory, variables, report }: Project): Record<string, string> {
    const found: Record<string, string> = {};
    for (const item of node === undefined || node.value === null ? [] : listOf(node) ?? [node]) {
        const long = objectOf(item);
        const file = textOf(long?.path) ?? textOf(item);
        if (file === undefined) {
            report.wrong(item, `services.${name}.env_file`, "a path, or a mapping with `path`");
            continue;
        }
        const full = path.resolve(directory, file);
        if (!fs.existsSync(full)) {
            if (long?.required?.value !== false) report.refuse(item, `services.${name}.env_file ${file} doesn't exist. Create it, or write required: false`);
            continue;
        }
        try {
            Object.assign(found, parseEnvFile(fs.readFileSync(full, "utf8"), { ...found, ...variables }));
        } catch (error) {
            if (!(error instanceof InterpolationError)) throw error;
            report.refuse(item, `${file} ${error.message}`);
        }
    }
    return found;
}
