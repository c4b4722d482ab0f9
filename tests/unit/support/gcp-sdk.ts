import * as fs from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";
import { Registered } from "../../../infra/cli/capture";

const sdk = path.resolve(__dirname, "../../../node_modules/@pulumi/gcp");

interface Property {
    required: boolean;
    /** The words that it can be, where the documentation lists them. */
    words?: string[];
    /** `namespace.Interface` of an object, or of a list's entries. */
    object?: string;
}

type Properties = Record<string, Property>;

const interfaces = new Map<string, Properties>();
const loaded = new Set<string>();

/**
 * What the provider would refuse of a resource of Google Cloud, as far as its SDK's documentation says: inputs that
 * there are not, missing ones, and words other than those that it lists.
 */
export function sdkProblems({ type, inputs }: Pick<Registered, "type" | "inputs">): string[] {
    const [, module, resource] = type.split(":");
    const [namespace, name] = module.split("/");
    // The types' names and the files' differ in capitals: iAMMember is in iammember.d.ts.
    const file = fs.readdirSync(path.join(sdk, namespace))
        .find(one => one.toLowerCase() === `${name}.d.ts`.toLowerCase());
    load(`${namespace}/${file}`, namespace);
    load("types/input.d.ts");
    return objectProblems(`${namespace}.${resource}Args`, inputs, resource);
}

function objectProblems(name: string, value: Record<string, unknown>, at: string): string[] {
    const properties = interfaces.get(name);
    if (!properties) throw new Error(`The SDK has no ${name}`);
    return [
        ...Object.entries(properties)
            .filter(([key, { required }]) => required && value[key] === undefined)
            .map(([key]) => `${at}.${key} is missing`),
        ...Object.entries(value).flatMap(([key, one]) =>
            key in properties ? valueProblems(properties[key], one, `${at}.${key}`) : [`${at}.${key} is no input`]),
    ];
}

function valueProblems(property: Property, value: unknown, at: string): string[] {
    if (Array.isArray(value)) return value.flatMap((one, index) => valueProblems(property, one, `${at}[${index}]`));
    if (property.object) return objectProblems(property.object, value as Record<string, unknown>, at);
    const { words } = property;
    if (words === undefined || words.includes(String(value))) return [];
    return [`${at} is none of ${words.join(", ")}: ${String(value)}`];
}

/** Reads the interfaces of a file; `namespace` is that of those which stand in none. */
function load(file: string, namespace?: string): void {
    if (loaded.has(file)) return;
    loaded.add(file);
    const source = ts.createSourceFile(file, fs.readFileSync(path.join(sdk, file), "utf8"), ts.ScriptTarget.Latest);
    const visit = (node: ts.Node, within?: string): void => {
        if (ts.isInterfaceDeclaration(node)) interfaces.set(`${within}.${node.name.text}`, propertiesOf(node, source));
        if (!ts.isModuleDeclaration(node) || !node.body) return;
        ts.forEachChild(node.body, child => visit(child, node.name.text));
    };
    ts.forEachChild(source, node => visit(node, namespace));
}

/** How the documentation lists words. */
const listed = /(?:Possible values are|Available options include):?((?:[\s*]*(?:,|and|or|`[^`]+`))+)/;

function propertiesOf(node: ts.InterfaceDeclaration, source: ts.SourceFile): Properties {
    return Object.fromEntries(node.members.filter(ts.isPropertySignature).map(member => {
        const text = member.getFullText(source);
        const list = listed.exec(text)?.[1];
        const words = list?.match(/`[^`]+`/g)?.map(word => word.replace(/[`"]/g, ""));
        const object = /inputs\.(\w+\.\w+)/.exec(member.type?.getText(source) ?? "")?.[1];
        return [(member.name as ts.Identifier).text, { required: member.questionToken === undefined, words, object }];
    }));
}
