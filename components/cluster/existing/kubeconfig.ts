import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as yaml from "yaml";

type Fields = Record<string, unknown>;

interface Named {
    name: string;
    fields: Fields;
    /** Directory that relative file names start at; undefined if the kubeconfig isn't a file of this computer. */
    directory?: string;
}

/** The content of one or more kubeconfig files. As with kubectl, the first of several entries with the same name counts. */
export interface Kubeconfig {
    /** Where it comes from, for messages. */
    source: string;
    current?: string;
    contexts: Named[];
    clusters: Named[];
    users: Named[];
}

/** Where kubectl looks: the files of `KUBECONFIG`, else `~/.kube/config`. */
export function defaultFiles(): string[] {
    const listed = (process.env.KUBECONFIG ?? "").split(path.delimiter).filter(Boolean);
    return listed.length > 0 ? listed : [path.join(os.homedir(), ".kube", "config")];
}

/** Reads kubeconfig files and combines them. */
export function readFiles(files: string[]): Kubeconfig {
    const parsed = files.map(file => parseKubeconfig(readText(file), file, path.dirname(path.resolve(file))));
    return {
        source: files.join(", "),
        current: parsed.find(one => one.current)?.current,
        contexts: parsed.flatMap(one => one.contexts),
        clusters: parsed.flatMap(one => one.clusters),
        users: parsed.flatMap(one => one.users),
    };
}

function readText(file: string): string {
    try {
        return fs.readFileSync(file, "utf8");
    } catch (error) {
        throw new Error(`The kubeconfig ${file} can't be read: ${(error as Error).message}`);
    }
}

/** Reads a kubeconfig. Relative file names in it start at `directory`. */
export function parseKubeconfig(text: string, source: string, directory?: string): Kubeconfig {
    const document = yaml.parseDocument(text);
    if (document.errors.length > 0) throw new Error(`${source} is not valid YAML: ${document.errors[0].message}`);
    const config = document.toJS() as Fields | null;
    if (!config || typeof config !== "object" || !Array.isArray(config.contexts)) {
        throw new Error(`${source} is not a kubeconfig: it has no list of contexts.`);
    }
    const named = (list: unknown, key: string): Named[] =>
        (Array.isArray(list) ? (list as Fields[]) : [])
            .map(item => ({ name: String(item.name), fields: (item[key] ?? {}) as Fields, directory }));
    return {
        source,
        current: typeof config["current-context"] === "string" ? config["current-context"] : undefined,
        contexts: named(config.contexts, "context"),
        clusters: named(config.clusters, "cluster"),
        users: named(config.users, "user"),
    };
}

/** A kubeconfig with one context. It contains the content of the files that the original names, so it works anywhere. */
export function scopeKubeconfig(config: Kubeconfig, context = config.current): string {
    const known = `Its contexts are: ${config.contexts.map(({ name }) => name).join(", ") || "none"}.`;
    if (!context) throw new Error(`${config.source} has no current context: name one by "context". ${known}`);
    const chosen = config.contexts.find(({ name }) => name === context);
    if (!chosen) throw new Error(`${config.source} has no context "${context}". ${known}`);
    const find = (list: Named[], kind: "cluster" | "user"): Named => {
        const found = list.find(({ name }) => name === chosen.fields[kind]);
        if (!found) {
            throw new Error(`${config.source}: the ${kind} "${String(chosen.fields[kind])}" of the context ` +
                `"${context}" is missing.`);
        }
        return found;
    };
    const user = find(config.users, "user");
    checkHelper(user, config.source);
    return yaml.stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": context,
        contexts: [{ name: context, context: { ...chosen.fields, cluster: "cluster", user: "user" } }],
        clusters: [{ name: "cluster", cluster: withFiles(find(config.clusters, "cluster"), config.source) }],
        users: [{ name: "user", user: withFiles(user, config.source) }],
    }, { compat: "yaml-1.1" }); // the version that Kubernetes's programs read
}

/** Replaces files by their content. A token's file only gets an absolute path because its content changes. */
function withFiles({ fields, directory }: Named, source: string): Fields {
    const result: Fields = {};
    for (const [key, value] of Object.entries(fields)) {
        if (["certificate-authority", "client-certificate", "client-key"].includes(key)) {
            const file = locate(String(value), directory, source);
            result[`${key}-data`] ??= fs.readFileSync(file).toString("base64");
        } else {
            result[key] = key === "tokenFile" ? locate(String(value), directory, source) : value;
        }
    }
    return result;
}

function locate(file: string, directory: string | undefined, source: string): string {
    if (directory === undefined) throw new Error(`${source} names the file ${file}, which is not on this computer.`);
    const absolute = path.resolve(directory, file);
    if (!fs.existsSync(absolute)) throw new Error(`${source} names the file ${absolute}, which does not exist.`);
    return absolute;
}

/** Many clouds' kubeconfigs get credentials from a program. If it is missing, the error says where to get it. */
function checkHelper({ fields, directory }: Named, source: string): void {
    const exec = fields.exec as { command?: string; installHint?: string } | undefined;
    if (!exec?.command || isProgram(exec.command, directory)) return;
    throw new Error(`${source} gets its credentials from the program "${exec.command}", which was not found on PATH. ` +
        (exec.installHint ?? "Install it, then try again."));
}

function isProgram(command: string, directory = ""): boolean {
    const directories = /[\\/]/.test(command) ? [directory] : (process.env.PATH ?? "").split(path.delimiter);
    const endings = process.platform === "win32" ? ["", ...(process.env.PATHEXT ?? ".EXE").split(";")] : [""];
    return directories.some(one => endings.some(ending => fs.existsSync(path.resolve(one, command + ending))));
}

/**
 * Identifies the cluster of a scoped kubeconfig. Credentials don't count because they are renewed. An address of this
 * computer (a tunnel, a local cluster) may lead to another cluster tomorrow, so there the certificate authority counts too.
 * Elsewhere it doesn't: renewing it would replace everything in the cluster.
 */
export function identify(kubeconfig: string): string {
    const [{ cluster }] = (yaml.parse(kubeconfig) as { clusters: { cluster: Record<string, string> }[] }).clusters;
    const { hostname } = new URL(cluster.server);
    const isLocal = hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
    const identity = [cluster.server, isLocal ? cluster["certificate-authority-data"] : undefined];
    return createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 32);
}
