import * as fs from "node:fs";
import * as path from "node:path";
import { stringify } from "yaml";
import { secretCommand } from "../../config/errors/example";
import { type Change, changeText } from "../../config/schema/change";
import { allowedText, Description, describeSettings, describeTargets, entriesOf } from "../../config/schema/describe";
import { root } from "../stack/home";

/** Settings to start with, by purpose. A test validates them. */
export const wholeExamples: Record<string, Record<string, unknown>> = {
    "A laptop": {
        cluster: { target: "kind", nodes: 2 },
        environment: { name: "development", host: "wordpress.localhost" },
        app: { web: { replicas: { min: 1, max: 5 } }, database: { mode: "single", volume: "5Gi" } },
    },
    "Production on an existing cluster": {
        cluster: {
            target: "existing", kubeconfig: "~/.kube/config", context: "production",
            sharedStorageClass: "efs", registry: "ghcr.io/example",
        },
        environment: { name: "production", host: "www.example.com", quota: { cpu: "32", memory: "40Gi" } },
        app: {
            title: "Example",
            web: { replicas: { min: 3, max: 20 }, uploads: { size: "20Gi" } },
            database: { volume: "20Gi", memory: { limit: "2Gi" } },
        },
    },
    "Any containers, on a laptop": {
        cluster: { target: "kind" },
        environment: { name: "development", host: "shop.localhost" },
        app: {
            type: "services",
            services: {
                web: { image: "ghcr.io/example/shop:1.2", port: 8080, exposed: true, talksTo: ["cache"], database: true },
                cache: { image: "docker.io/library/redis:8", port: 6379, uid: 999, replicas: { max: 1 } },
            },
        },
    },
};

/** A section of the reference: an object of the settings, with its description in the schema. */
interface Chapter {
    heading: string;
    keys: string[];
    object: Description;
    /** What changing its keys does, unless they say otherwise. */
    change?: Change;
}

/** The reference of all keys, in Markdown. */
export function renderReference(): string {
    const settings = describeSettings({ stack: "<stack>" });
    const targets = Object.entries(describeTargets(settings)).flatMap(([name, target]) => {
        return chapters(`landfall:cluster with target: ${name}`, ["cluster"], target);
    });
    const services = describeSettings({ stack: "<stack>", app: "services" });
    const alone = describeSettings({ stack: "<stack>", environment: "none" });
    const others = [
        ...chapters("landfall:environment", ["environment"], settings.properties?.environment ?? {}),
        ...chapters("landfall:app", ["app"], settings.properties?.app ?? {}),
        ...chapters("landfall:app with type: services", ["app"], services.properties?.app ?? {}),
        ...chapters("landfall:gateway", ["gateway"], alone.properties?.gateway ?? {}),
        ...chapters("landfall:logs", ["logs"], settings.properties?.logs ?? {}),
        ...chapters("landfall:promotion", ["promotion"], settings.properties?.promotion ?? {}),
    ];
    return [
        "# Configuration",
        "`npm run reference` writes this file from the schema in this directory. Change it there.",
        "All settings are in `Pulumi.<stack>.yaml`, under `config:`. A key that you leave out has its default. Wrong values " +
            "and unknown keys stop the program before anything changes. The message lists everything that is wrong.",
        "The last column says what changing the key does to a running stack. What can't be changed in place is either " +
            "replaced, which `pulumi preview` shows, or refused: the preview then says what the stack has.",
        ...Object.entries(wholeExamples).flatMap(([title, example]) => [`${title}:`, stackFile(example)]),
        "## landfall",
        table(settings, { object: settings, keys: [] }, "landfall:"),
        ...[...targets, ...others].flatMap(({ heading, keys, object, change }) => [
            `## ${heading}`, object.description ?? "", table(settings, { object, keys, change }),
        ]),
    ].join("\n\n") + "\n";
}

/** The settings in the form of a stack's file. */
function stackFile(settings: Record<string, unknown>): string {
    const keys = Object.entries(settings).map(([section, value]) => [`landfall:${section}`, value]);
    const yaml = stringify({ config: Object.fromEntries(keys) as unknown }, { lineWidth: 0 });
    return "```yaml\n" + yaml + "```";
}

/** An object and the objects below it. */
function chapters(heading: string, keys: string[], object: Description, above?: Change): Chapter[] {
    const change = object.change ?? above;
    const separator = heading.includes(" ") ? ": " : ".";
    const below = Object.entries(object.properties ?? {}).flatMap(([key, description]) => {
        const entries = entriesOf(description);
        const own = description.change ?? change;
        if (entries) return chapters(`${heading}${separator}${key}.<name>`, [...keys, key, "<name>"], entries, own);
        return description.properties ? chapters(`${heading}${separator}${key}`, [...keys, key], description, own) : [];
    });
    return object.properties ? [{ heading, keys, object, change }, ...below] : below;
}

function table(settings: Description, { object, keys: above, change }: Omit<Chapter, "heading">, prefix = ""): string {
    const rows = Object.entries(object.properties ?? {}).map(([key, description]) => [
        `\`${prefix}${key}\``,
        typeText(description),
        object.required?.includes(key) ? "required" : defaultText(description),
        description.properties || description.oneOf || entriesOf(description)?.properties
            ? "see below" : allowedText(settings, description),
        description.secret ? `\`${secretCommand([...above, key].join("."), description.example, "linux")}\`` : code(description.example),
        description.description ?? "",
        changeText(description.change ?? change),
    ]);
    const header = ["key", "type", "default", "allowed", "example", "what it is", "changing it"];
    return [header, header.map(() => "---"), ...rows]
        .map(cells => `| ${cells.map(cell => cell.replaceAll("|", "\\|")).join(" | ")} |`)
        .join("\n");
}

function typeText({ type, enum: words, properties, oneOf, items, additionalProperties }: Description): string {
    if (properties || oneOf) {
        return "object";
    }
    if (items || additionalProperties) {
        return items ? "list" : "object by name";
    }
    if (Array.isArray(type)) {
        return "quantity";
    }
    return words ? "choice" : { integer: "whole number", boolean: "true or false" }[type ?? ""] ?? "text";
}

function defaultText({ default: value, defaultText: text, properties }: Description): string {
    return text ?? (value === undefined ? "none" : properties ? "as below" : code(value));
}

function code(value: unknown): string {
    return `\`${stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim()}\``;
}

if (require.main === module) {
    fs.writeFileSync(path.join(root, "infra/config/REFERENCE.md"), renderReference());
}
