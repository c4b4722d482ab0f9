import * as fs from "node:fs";
import * as path from "node:path";
import { EnvFileError, parseEnvFile } from "./env-file";
import type { KnownImage } from "./images";
import type { Variables } from "./interpolation";
import { flagOf, listOf, type Node, objectOf, textOf } from "./node";
import type { Project } from "./service";

/** Names of variables whose values nobody may read in a state or a ConfigMap. */
const sensitive = /PASS(WORD|WD|PHRASE)?(_|$)|SECRET|TOKEN|PRIVATE|CREDENTIAL|API_?KEY|_KEYS?$|^KEY_|_SALT$|_PWD$|_DSN$|DATABASE_URL|CONNECTION_STRING/i;

/** An address or a list of settings with a password in it. */
const withPassword = /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@]*:[^\s/?#@]+@|(?:^|[^a-z])(?:password|passwd|pwd)=[^\s&;]/i;

/** The environment: what `env_file` says, then what `environment` says. Values that look like secrets become secrets. */
export function environmentOf(
    name: string, entries: { [key: string]: Node }, known: KnownImage, volumes: string[], project: Project,
): { env: Record<string, string>; secrets: Record<string, string> } {
    const { variables } = project;
    const all: Record<string, string> = envFilesOf(name, entries.env_file, project);
    // Without a value, a variable is the one of the same name where the command runs; nothing but that, even if a file has another.
    for (const [key, node] of Object.entries(objectOf(entries.environment) ?? {})) {
        const value = textOf(node) ?? variables[key];
        if (value === undefined) delete all[key];
        else all[key] = value;
    }
    for (const key of Object.keys(all).filter(each => !/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(each))) {
        const at = entries.environment && objectOf(entries.environment)?.[key] || (entries.env_file ?? entries.environment);
        project.report.refuse(at, `services.${name}: ${JSON.stringify(key)} can't be the name of a variable in Kubernetes. Use letters, digits and "_"`);
        delete all[key];
    }
    // The server refuses a directory that isn't its own, as a volume's top is.
    const data = volumes.find(directory => directory === "/var/lib/postgresql/data");
    if (known.port === 5432 && data !== undefined) all.PGDATA ??= `${data}/pgdata`;
    const isSecret = (key: string, value: string): boolean => isSensitive(key, value) || withPassword.test(value);
    const env = Object.entries(all).filter(([key, value]) => !isSecret(key, value));
    const secrets = Object.entries(all).filter(([key, value]) => isSecret(key, value))
        .map(([key, value]) => [key, project.addSecret(`${name}-${key}`, value)]);
    return { env: Object.fromEntries(env), secrets: Object.fromEntries(secrets) as Record<string, string> };
}

/** Variables with secrets whose values are in texts that anybody may read. A short value may be there by chance. */
export function secretsWithin(texts: string[], variables: Variables): string[] {
    return Object.entries(variables).flatMap(([key, value = ""]) => value.length >= 8 && isSensitive(key, value) && texts.some(text => text.includes(value)) ? [key] : []);
}

/** A path of a file with a secret isn't secret itself. */
export function isSensitive(key: string, value: string): boolean {
    return value !== "" && sensitive.test(key) && !/_(FILE|PATH)$/i.test(key);
}

function envFilesOf(name: string, node: Node | undefined, { directory, variables, report }: Project): Record<string, string> {
    const found: Record<string, string> = {};
    for (const item of node === undefined || node.value === null ? [] : listOf(node) ?? [node]) {
        const { path: place, required, format } = objectOf(item) ?? { path: item };
        const file = textOf(place);
        if (!file) {
            report.wrong(item, `services.${name}.env_file`, "a path, or a mapping with `path`");
            continue;
        }
        if (format && textOf(format) !== "raw") report.wrong(format, `services.${name}.env_file.format`, "raw, or left out");
        const full = path.resolve(directory, file);
        if (!fs.statSync(full, { throwIfNoEntry: false })?.isFile()) {
            if (flagOf(required) !== false) report.refuse(item, `services.${name}.env_file ${file} doesn't exist. Create it, or write required: false`);
            continue;
        }
        const text = fs.readFileSync(full, "utf8");
        try {
            Object.assign(found, format ? rawVariables(text, variables) : parseEnvFile(text, { ...found, ...variables }));
        } catch (error) {
            if (!(error instanceof EnvFileError)) throw error;
            report.refuse({ file: path.relative(process.cwd(), full), line: error.line }, error.message);
        }
    }
    return found;
}

/** The variables of an env file with `format: raw`, in which nothing has a meaning but `=` and lines that begin with `#`. */
function rawVariables(text: string, variables: Variables): Record<string, string> {
    return Object.fromEntries(text.replace(/^\uFEFF/, "").split(/\r?\n/).map(line => line.trimStart()).filter(line => line !== "" && !line.startsWith("#")).flatMap(line => {
        const [, key, value = variables[key]] = /^([^=]*)(?:=([^]*))?$/.exec(line) as unknown as [string, string, string?];
        return value === undefined ? [] : [[key, value]];
    }));
}
