import * as fs from "node:fs";
import * as path from "node:path";
import { captureProgram, type Registered } from "../capture";
import { readStackConfig, stackConfigFile } from "../stack/config";
import { root } from "../stack/home";

/** The stacks to compare, by target. */
export const compared = {
    kind: "dev", minikube: "minikube", existing: "prod", baremetal: "server", eks: "eks", gke: "gke", aks: "aks",
};

const file = path.join(root, "components/cluster/DIFFERENCES.md");

/** A difference: a field of an object, or the whole object, with its value for each target. */
export interface Row {
    object: string;
    field: string;
    values: Record<string, string>;
}

/** The resources of the same application and environment on every target. */
export async function renderAll(): Promise<Record<string, Registered[]>> {
    process.env.LANDFALL_RENDER = "1";
    const { config: example } = readStackConfig(stackConfigFile("prod"));
    const results: Record<string, Registered[]> = {};
    for (const [target, stack] of Object.entries(compared)) {
        const { config } = readStackConfig(stackConfigFile(stack));
        const same = { ...example, "landfall:cluster": config["landfall:cluster"] };
        results[target] = (await captureProgram({ stack: "prod", config: same })).resources;
    }
    return results;
}

/** All differences between the Kubernetes objects of the targets. */
export function differences(resources: Record<string, Registered[]>): Row[] {
    const targets = Object.keys(resources);
    const objects = targets.map(target => new Map(resources[target]
        .filter(({ custom, type }) => custom && type.startsWith("kubernetes:"))
        .map(({ inputs }) => [nameOf(inputs), inputs])));
    const names = [...new Set(objects.flatMap(byName => [...byName.keys()]))].sort();
    return names.flatMap(object => {
        const found = objects.map(byName => byName.get(object));
        if (found.some(inputs => inputs === undefined)) {
            return [rowOf(object, "", targets, found.map(inputs => inputs === undefined ? "–" : "yes"))];
        }
        const fields = found.map(inputs => new Map(leaves(inputs)));
        const paths = [...new Set(fields.flatMap(byPath => [...byPath.keys()]))].sort();
        return paths
            .map(field => rowOf(object, field, targets, fields.map(byPath => byPath.get(field) ?? "–")))
            .filter(({ values }) => new Set(Object.values(values)).size > 1);
    });
}

function rowOf(object: string, field: string, targets: string[], values: string[]): Row {
    const texts = values.every(({ length }) => length > longest) ? withoutCommon(values) : values;
    return { object, field, values: Object.fromEntries(targets.map((target, index) => [target, texts[index]])) };
}

/** Characters of a value that is shown as a whole. */
const longest = 2000;

/** What is between the words at the beginning and those at the end that all texts have in common. */
function withoutCommon(texts: string[]): string[] {
    const [first, ...others] = texts.map(text => text.split(" "));
    const common = (at: (words: string[], index: number) => string | undefined): number => {
        const index = first.findIndex((_, position) => others.some(words => at(words, position) !== at(first, position)));
        return index < 0 ? first.length : index;
    };
    const begin = common((words, index) => words[index]);
    const end = common((words, index) => words.at(-1 - index));
    return [first, ...others].map(words => ["…", ...words.slice(begin, Math.max(begin, words.length - end)), "…"].join(" "));
}

function nameOf(inputs: Registered["inputs"]): string {
    const { name, namespace } = inputs.metadata as { name?: string; namespace?: string };
    return `${String(inputs.kind)} ${namespace ? `${namespace}/` : ""}${name}`;
}

/** Every value of an object with its path, such as `spec.ports[0].port`. */
function leaves(value: unknown, above = ""): [string, string][] {
    if (typeof value !== "object" || value === null) return [[above, String(value)]];
    if (Array.isArray(value)) return value.flatMap((entry, index) => leaves(entry, `${above}[${index}]`));
    return Object.entries(value).flatMap(([key, entry]) => leaves(entry, above ? `${above}.${key}` : key));
}

/** On one line, without dates and digests, which change with every update. */
function cellText(text: string): string {
    return text.replaceAll("|", "\\|").replace(/\s+/g, " ").replace(/(\d{4}-\d{2}-\d{2}-)?[0-9a-f]{12,}/g, "…");
}

/** The differences as a table, in Markdown. */
export function renderDifferences(rows: Row[]): string {
    const targets = Object.keys(rows[0].values);
    const header = ["object", "field", ...targets];
    const cells = rows.map(({ object, field, values }) => [object, field && `\`${field}\``, ...Object.values(values)]);
    const lines = [header, header.map(() => "---"), ...cells]
        .map(row => `| ${row.map(cellText).join(" | ")} |`);
    return [
        "# What differs between the targets",
        "`npm run reference` writes this file. It renders the environment and application of `Pulumi.prod.yaml` on the "
            + "cluster of each target's example. The table lists every Kubernetes object that some targets don't have, and "
            + "every field whose value differs. Everything else is identical.",
        lines.join("\n"),
    ].join("\n\n") + "\n";
}

if (require.main === module) {
    void renderAll().then(resources => fs.writeFileSync(file, renderDifferences(differences(resources))));
}
