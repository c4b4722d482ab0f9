import * as fs from "node:fs";
import * as path from "node:path";
import * as yaml from "yaml";
import { versions } from "../../../components/versions";
import { cached, contents, keyOf } from "./cache";
import { downloadModule } from "./go";

const RECIPE = 1;

/** kubeconform's `-schema-location` for what `schemas` writes, below its directory. */
export const SCHEMA_TEMPLATE = "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json";

interface Schema {
    [key: string]: unknown;
    properties?: Record<string, Schema>;
}

interface GroupVersionKind {
    group: string;
    version: string;
    kind: string;
}

interface CustomResourceDefinition {
    kind: string;
    spec: {
        group: string;
        names: { kind: string };
        versions: { name: string; schema?: { openAPIV3Schema?: Schema } }[];
    };
}

/**
 * Writes a JSON schema a kind, from the Kubernetes module and from files of CustomResourceDefinitions, and returns
 * their directory. The schemas are strict: a field that a kind doesn't have is an error.
 */
export async function schemas(crdFiles: string[] = []): Promise<string> {
    const key = keyOf(RECIPE, versions.kubernetes, contents(...crdFiles));
    return cached("schemas", key, async dir => {
        await writeBuiltin(dir);
        for (const file of crdFiles) writeCustom(dir, file);
    });
}

async function writeBuiltin(dir: string): Promise<void> {
    const { Dir } = await downloadModule("k8s.io/kubernetes", versions.kubernetes);
    const openapi = JSON.parse(fs.readFileSync(path.join(Dir, "api/openapi-spec/swagger.json"), "utf8"));
    const definitions = Object.fromEntries(
        Object.entries<Schema>(openapi.definitions).map(([name, schema]) => [name, strict(schema)]),
    );
    for (const [name, schema] of Object.entries(definitions)) {
        const kinds = (schema["x-kubernetes-group-version-kind"] ?? []) as GroupVersionKind[];
        if (kinds.length !== 1) continue; // kinds in every group, such as DeleteOptions, aren't manifests
        const used = Object.fromEntries([...reachable(name, definitions)].map(used => [used, definitions[used]]));
        write(dir, kinds[0].group, kinds[0].version, kinds[0].kind, { ...schema, definitions: used });
    }
}

function writeCustom(dir: string, file: string): void {
    for (const document of yaml.parseAllDocuments(fs.readFileSync(file, "utf8"))) {
        const crd = document.toJS() as CustomResourceDefinition | null;
        if (crd?.kind !== "CustomResourceDefinition") continue;
        for (const version of crd.spec.versions) {
            const schema = version.schema?.openAPIV3Schema;
            if (schema) write(dir, crd.spec.group, version.name, crd.spec.names.kind, strict(schema));
        }
    }
}

/** The core group has no name; kubeconform then gives the version in the group's place. */
function write(dir: string, group: string, version: string, kind: string, schema: Schema): void {
    const file = `${kind.toLowerCase()}-${group || version}-${version}.json`;
    fs.writeFileSync(path.join(dir, file), JSON.stringify(typed(schema, group, version, kind)));
}

function typed(schema: Schema, group: string, version: string, kind: string): Schema {
    const properties = {
        ...schema.properties,
        apiVersion: { const: group ? `${group}/${version}` : version },
        kind: { const: kind },
    };
    return { ...schema, properties, required: ["apiVersion", "kind", ...((schema.required ?? []) as string[])] };
}

/** The same schema as JSON Schema, without additional fields. */
function strict(schema: Schema): Schema {
    const result: Schema = {};
    for (const [key, value] of Object.entries(schema)) {
        result[key] = ["properties", "definitions"].includes(key)
            ? Object.fromEntries(Object.entries(value as Record<string, Schema>).map(([k, v]) => [k, strict(v)]))
            : strictValue(value);
    }
    if (schema["x-kubernetes-int-or-string"] || schema.format === "int-or-string") {
        delete result.type;
        delete result.format;
        result.anyOf = [{ type: "integer" }, { type: "string" }];
    }
    if (isQuantity(schema)) result.type = ["string", "number"];
    if (schema.nullable || schema.format === "date-time") result.type = [schema.type, "null"].flat();
    const open = schema["x-kubernetes-preserve-unknown-fields"] || schema["x-kubernetes-embedded-resource"];
    if (schema.properties && !open && !("additionalProperties" in schema)) result.additionalProperties = false;
    return result;
}

function strictValue(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(strictValue);
    return value !== null && typeof value === "object" ? strict(value as Schema) : value;
}

function isQuantity(schema: Schema): boolean {
    return schema.type === "string" && String(schema.description).startsWith("Quantity is a fixed-point");
}

/** The names of all definitions that one refers to, directly or not. */
function reachable(name: string, definitions: Record<string, Schema>, seen = new Set<string>()): Set<string> {
    for (const [, used] of JSON.stringify(definitions[name]).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)) {
        if (!seen.has(used)) {
            seen.add(used);
            reachable(used, definitions, seen);
        }
    }
    return seen;
}
