import * as fs from "node:fs";
import * as path from "node:path";
import { parseEnvFile } from "./env-file";
import { InterpolationError, type Variables } from "./interpolation";
import { top } from "./keys";
import { mergeNodes, normaliseService } from "./merge";
import { type Node, objectOf, parseNodes, textOf } from "./node";
import type { Report } from "./report";

/** What the files say together. */
export interface Loaded {
    /** Directory of the first file, in which relative paths begin. */
    directory: string;
    variables: Variables;
    services: { [key: string]: Node };
    volumes: { [key: string]: Node };
    secrets: { [key: string]: Node };
    configs: { [key: string]: Node };
    networks: { [key: string]: Node };
}

/** Reads the files. Later ones override earlier ones. Variables come from the process, then from `.env` beside the first file. */
export function loadFiles(files: string[], environment: NodeJS.ProcessEnv, report: Report): Loaded {
    const directory = path.dirname(files[0]);
    const variables = { ...dotEnv(directory, environment, report), ...environment };
    const merged = files.reduce<Node | undefined>((base, file) => {
        const root = loadFile(file, variables, report);
        return root && mergeNodes(base, root);
    }, undefined);
    const sections = objectOf(merged) ?? {};
    for (const [key, node] of Object.entries(sections)) {
        if (!top.includes(key) && !key.startsWith("x-")) report.refuse(node, `${key} is no key of the Compose specification`);
    }
    for (const key of ["include", "models"]) {
        if (sections[key]) report.refuse(sections[key], `${key} can't be carried over: list all files under landfall:app.compose, and nothing but services.`);
    }
    const section = (key: string) => objectOf(sections[key]) ?? {};
    const services = Object.fromEntries(Object.entries(section("services")).map(([name, node]) => [name, extended(name, node, section("services"), report)]));
    return { directory, variables, services, volumes: section("volumes"), secrets: section("secrets"), configs: section("configs"), networks: section("networks") };
}

function loadFile(file: string, variables: Variables, report: Report): Node | undefined {
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
    const services = objectOf(sections.services);
    return services === undefined ? root : {
        ...root,
        value: { ...sections, services: { ...sections.services, value: Object.fromEntries(Object.entries(services).map(([key, node]) => [key, normaliseService(node)])) } },
    };
}

function dotEnv(directory: string, environment: NodeJS.ProcessEnv, report: Report): Variables {
    const file = path.join(directory, ".env");
    if (!fs.existsSync(file)) return {};
    try {
        return parseEnvFile(fs.readFileSync(file, "utf8"), environment);
    } catch (error) {
        if (!(error instanceof InterpolationError)) throw error;
        report.refuse({ file, line: 1 }, error.message);
        return {};
    }
}

/** The service with what it takes over from another one of the files. */
function extended(name: string, node: Node, services: { [key: string]: Node }, report: Report, seen: string[] = []): Node {
    const { extends: base, ...own } = objectOf(node) ?? {};
    if (base === undefined) return node;
    const from = textOf(base) ?? textOf(objectOf(base)?.service);
    const file = objectOf(base)?.file;
    if (file) report.refuse(file, `services.${name}.extends names a file: list it before this one under landfall:app.compose`);
    if (from === undefined || !Object.hasOwn(services, from) || seen.includes(from) || file) {
        if (!file) report.wrong(base, `services.${name}.extends`, "another service of these files");
        return { ...node, value: own };
    }
    const { depends_on: _, links: __, ...inherited } = objectOf(extended(from, services[from], services, report, [...seen, name])) ?? {};
    return mergeNodes({ ...services[from], value: inherited }, { ...node, value: own }) ?? node;
}
