import * as path from "node:path";
import * as yaml from "yaml";
import { asObject, conceal, type Values } from "../values";
import { autonamed, captureProgram, type Registered } from "./capture";
import { readStackConfig, stackConfigFile } from "./stack/config";
import { UserError } from "./terminal/errors";
import { flag, parseCommand, place } from "./terminal/options";

const usage = `Usage: npm run render -- <stack> [--json]
       npm run render -- --config FILE [--json]

Prints what the program makes, without a cluster, credentials or the Pulumi CLI. Secrets are replaced by a placeholder.

  <stack>        a stack of this directory: the one of Pulumi.<stack>.yaml
  --config FILE  any file in the form of Pulumi.<stack>.yaml
  --json         every resource of every provider, instead of the Kubernetes objects as YAML
  --help         this text

For another program or a file: npm run -s render -- <stack> | kubectl apply --dry-run=client -f -
`;

const placeholder = "[secret]";

/** The command `render`; returns the exit code. */
export async function main(argv: string[]): Promise<number> {
    const { values, positionals } = parseCommand(argv, { config: place, json: flag }, usage);
    if (values.help) return print(usage);
    if (positionals.length + (values.config === undefined ? 0 : 1) !== 1) {
        throw new UserError(`Name either one stack or one file.\n\n${usage}`);
    }
    // The SDK logs to standard output, where only the rendered objects may go.
    console.log = console.error;
    process.env.LANDFALL_RENDER = "1"; // the targets don't look at this computer
    const file = values.config ?? stackConfigFile(positionals[0]);
    const stack = positionals[0] ?? stackName(file);
    const { resources } = await captureProgram({ stack, ...readStackConfig(file, { standIns: true }) });
    return print(values.json ? renderJson(resources) : renderYaml(resources));
}

/** The Kubernetes objects as YAML documents: namespaces and definitions first, then by namespace, kind and name. */
export function renderYaml(resources: Registered[]): string {
    const objects = resources.filter(isKubernetesObject).map(kubernetesObject);
    const ordered = objects.map(object => ({ object, key: orderOf(object) })).sort((a, b) => compare(a.key, b.key));
    // kubectl reads YAML 1.1, where an unquoted `yes` isn't text.
    const written = { lineWidth: 0, compat: "yaml-1.1" } as const;
    return ordered.map(({ object }) => `---\n${yaml.stringify(object, written)}`).join("");
}

/** Every resource of every provider as JSON, by URN. */
export function renderJson(resources: Registered[]): string {
    const ordered = [...resources].sort((a, b) => compare(a.urn, b.urn));
    return `${JSON.stringify(ordered.map(describe), undefined, 2)}\n`;
}

function describe({ marked, secrets, ...resource }: Registered): Record<string, unknown> {
    const { type, name, urn, parent, dependsOn, ...options } = resource;
    return { type, name, urn, parent, dependsOn, ...options, secrets, inputs: concealed(type, marked) };
}

function isKubernetesObject(resource: Registered): boolean {
    return resource.custom && resource.type.startsWith("kubernetes:");
}

function kubernetesObject({ type, name, marked }: Registered): Values {
    const { apiVersion, kind, metadata, ...rest } = concealed(type, marked);
    return { apiVersion, kind, metadata: { name: autonamed(name), ...asObject(metadata) }, ...rest };
}

/** The inputs with a placeholder for each secret, in base64 where Kubernetes requires it. */
function concealed(type: string, inputs: Values): Values {
    const isSecret = type === "kubernetes:core/v1:Secret";
    const encoded = Buffer.from(placeholder).toString("base64");
    return conceal(inputs, path => (isSecret && path[0] === "data" ? encoded : placeholder)) as Values;
}

function orderOf(object: Values): string {
    const metadata = asObject(object.metadata);
    const kind = String(object.kind);
    const first = ["Namespace", "CustomResourceDefinition"].indexOf(kind);
    return [first < 0 ? 2 : first, metadata.namespace ?? "", kind, metadata.name].join("\u0000");
}

function compare(left: string, right: string): number {
    return left < right ? -1 : left > right ? 1 : 0;
}

/** The stack of a file: dev for `Pulumi.dev.yaml`; otherwise the file's name. */
function stackName(file: string): string {
    const name = path.basename(file).replace(/\.ya?ml$/, "").replace(/^Pulumi\./, "");
    return name.toLowerCase().replace(/[^a-z0-9-]+/g, "-").replace(/^-+|-+$/g, "") || "stack";
}

function print(text: string): number {
    process.stdout.write(text);
    return 0;
}
