import * as fs from "node:fs";
import * as path from "node:path";
import { EnvFileError, parseEnvFile } from "./env-file";
import type { Variables } from "./interpolation";
import { mergeNodes, normaliseService } from "./merge";
import { listOf, type Node, objectOf, parseNodes, textOf } from "./node";
import { relocated } from "./relocate";
import type { Report } from "./report";
import { checkShapes } from "./shape";

type Sections = { [key: string]: Node };

/** What the files say together. */
export interface Loaded {
    /** Directory of the first file, in which relative paths begin. */
    directory: string;
    variables: Variables;
    services: Sections;
    volumes: Sections;
    secrets: Sections;
    configs: Sections;
    networks: Sections;
}

/** Reads the files. Later ones override earlier ones. Variables come from the process, then from `.env` beside the first file. */
export function loadFiles(files: string[], environment: NodeJS.ProcessEnv, report: Report): Loaded {
    const directory = path.dirname(files[0]);
    const variables: Variables = { ...envFile(path.join(directory, ".env"), environment, report), ...environment };
    variables.COMPOSE_PROJECT_NAME ??= projectName(files, variables) ?? path.basename(path.resolve(directory)).toLowerCase().replace(/[^a-z0-9_-]/g, "").replace(/^[_-]+/, "");
    const override = /^(?:docker-)?compose\.ya?ml$/.test(path.basename(files[0])) && ["yaml", "yml"].flatMap(ending => ["compose", "docker-compose"].map(name => path.join(directory, `${name}.override.${ending}`)))
        .find(file => fs.existsSync(file) && !files.some(each => path.resolve(each) === path.resolve(file)));
    if (override) report.warn({ file: path.relative(process.cwd(), override), line: 1 }, "the file isn't read. If it isn't only for development, list it under landfall:app.compose.");
    const reader = new Reader(report);
    const sections = objectOf(reader.merged(files, { directory, variables }, [])) ?? {};
    if (sections.models) report.refuse(sections.models, "models can't be carried over: Landfall starts containers only. Set the model's address in the environment.");
    const section = (key: string) => objectOf(sections[key]) ?? {};
    return {
        directory, variables, services: section("services"), volumes: section("volumes"), secrets: section("secrets"), configs: section("configs"),
        networks: section("networks"),
    };
}

/** The last file's `name`, which the files' values may have. */
function projectName(files: string[], variables: Variables): string | undefined {
    const roots = files.filter(file => fs.statSync(file, { throwIfNoEntry: false })?.isFile()).map(file => parseNodes(fs.readFileSync(file, "utf8"), file, variables).root);
    return roots.map(root => textOf(objectOf(root)?.name)).findLast(name => name);
}

/** Where a file's relative paths begin, and its variables. */
interface Place {
    directory: string;
    variables: Variables;
}

class Reader {
    constructor(private readonly report: Report) {}

    /** The files as one, with what they include below them. `within` has the files that led here. */
    merged(files: string[], place: Place, within: string[]): Node | undefined {
        return files.reduce<Node | undefined>((base, file) => {
            const root = this.read(file, place);
            if (root === undefined) return base;
            const { include, ...own } = objectOf(root)!;
            const services = objectOf(own.services) ?? {};
            const known = { ...objectOf(objectOf(base)?.services), ...services };
            const extended = own.services === undefined ? own : {
                ...own, services: { ...own.services, value: Object.fromEntries(Object.entries(services).map(([name, node]) => [name, this.extended(name, node, known, place, [file])])) },
            };
            const included = this.included(include, place, [...within, path.resolve(file)]);
            return mergeNodes(mergeOptional(base, included), { ...root, value: extended });
        }, undefined);
    }

    private read(file: string, { variables }: Place): Node | undefined {
        const { report } = this;
        const name = path.relative(process.cwd(), file) || file;
        let text: string;
        try {
            text = fs.readFileSync(file, "utf8");
        } catch (error) {
            report.refuse({ file: name, line: 1 }, `the file can't be read: ${(error as Error).message}`);
            return undefined;
        }
        const { root, errors, warnings } = parseNodes(text, name, variables);
        report.refused.push(...errors);
        report.warned.push(...warnings);
        const sections = objectOf(root);
        if (sections === undefined) {
            if (errors.length === 0) report.refuse(root, "the file has no services");
            return undefined;
        }
        checkShapes(root, report);
        const services = objectOf(sections.services);
        return services === undefined ? root : {
            ...root,
            value: { ...sections, services: { ...sections.services, value: Object.fromEntries(Object.entries(services).map(([key, node]) => [key, normaliseService(node)])) } },
        };
    }

    /** What the files under `include` say. Each of them has its own directory and `.env`. */
    private included(include: Node | undefined, place: Place, within: string[]): Node | undefined {
        return (listOf(include) ?? []).reduce<Node | undefined>((base, node) => {
            const { path: files, project_directory: own, env_file: env } = objectOf(node) ?? { path: node };
            const names = (files && (listOf(files) ?? [files]) || []).map(each => textOf(each)).filter(each => each !== undefined);
            if (names.length === 0) return this.report.wrong(node, "include", "a path, or a mapping with `path`") ?? base;
            const paths = names.map(each => path.resolve(place.directory, each));
            const again = paths.find(each => within.includes(each));
            if (again !== undefined) {
                this.report.refuse(node, `include leads back to ${path.relative(process.cwd(), again)}. Leave it out`);
                return base;
            }
            const directory = own ? path.resolve(place.directory, textOf(own) ?? "") : path.dirname(paths[0]);
            const envFiles = env ? (listOf(env) ?? [env]).map(each => path.resolve(place.directory, textOf(each) ?? "")) : [path.join(directory, ".env")];
            const missing = env && envFiles.find(each => !fs.existsSync(each));
            if (missing) this.report.refuse(env, `include.env_file ${path.relative(place.directory, missing)} doesn't exist. Create it, or leave it out`);
            const variables = envFiles.reduce<Variables>((found, each) => ({ ...found, ...envFile(each, { ...found, ...place.variables }, this.report) }), {});
            const sections = objectOf(this.merged(paths, { directory, variables: { ...variables, ...place.variables } }, within));
            return mergeOptional(base, sections && { ...node, value: relocated(sections, directory, place.directory) });
        }, undefined);
    }

    /** The service with what it takes over from another one, of this file or of another. */
    private extended(name: string, node: Node, services: Sections, place: Place, seen: string[]): Node {
        const { extends: base, ...own } = objectOf(node) ?? {};
        if (base === undefined || base.value === null) return node;
        const from = textOf(base) ?? textOf(objectOf(base)?.service);
        const named = textOf(objectOf(base)?.file);
        const file = named === undefined ? seen[0] : path.resolve(place.directory, named);
        const directory = named === undefined ? place.directory : path.dirname(file);
        const known = named === undefined ? services : objectOf(objectOf(this.read(file, place))?.services) ?? {};
        const step = `${path.resolve(file)} ${from}`;
        if (from === undefined || !Object.hasOwn(known, from) || seen.includes(step) || (named === undefined && from === name)) {
            this.report.wrong(base, `services.${name}.extends`, `another service of ${named ?? "these files"}, and not one that extends this one`);
            return { ...node, value: own };
        }
        const inherited = this.extended(from, known[from], known, { ...place, directory }, [file, ...seen.slice(1), step]);
        const moved = objectOf(relocated({ services: { ...base, value: { [from]: inherited } } }, directory, place.directory).services)![from];
        return mergeNodes(moved, { ...node, value: own }) ?? node;
    }
}

function mergeOptional(base: Node | undefined, over: Node | undefined): Node | undefined {
    return over === undefined ? base : mergeNodes(base, over);
}

function envFile(file: string, variables: Variables, report: Report): Variables {
    if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return {};
    try {
        return parseEnvFile(fs.readFileSync(file, "utf8"), variables);
    } catch (error) {
        if (!(error instanceof EnvFileError)) throw error;
        report.refuse({ file: path.relative(process.cwd(), file), line: error.line }, error.message);
        return {};
    }
}
