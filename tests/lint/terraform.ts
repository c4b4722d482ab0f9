import type { Registered } from "../../infra/cli/capture";
import { isObject } from "../../infra/values";

/** Types whose names don't follow from each other. */
const types: Record<string, string> = {
    "aws:cloudwatch/logGroup:LogGroup": "aws_cloudwatch_log_group",
    "gcp:artifactregistry/repository:Repository": "google_artifact_registry_repository",
    "gcp:projects/iAMMember:IAMMember": "google_project_iam_member",
    "gcp:projects/service:Service": "google_project_service",
    "gcp:serviceaccount/account:Account": "google_service_account",
};

/** Blocks that Pulumi calls by the plural. */
const blocks: Record<string, string> = {
    encryption_configurations: "encryption_configuration", maintenance_exclusions: "maintenance_exclusion",
    secondary_ip_ranges: "secondary_ip_range",
};

/** Values whose keys are the user's own. */
const maps = ["tags", "labels", "resource_labels", "metadata"];

/** A resource as Terraform plans it. */
interface Planned {
    type: string;
    name: string;
    values: Record<string, unknown>;
}

/**
 * A stack's resources of AWS and Google Cloud as Terraform's plan of them, for linters that read nothing of Pulumi's.
 * Pulumi's providers for these are made from Terraform's: names in another case, and single blocks without their list.
 */
export function terraformPlan(resources: readonly Pick<Registered, "type" | "name" | "inputs">[]): string {
    const planned = resources.flatMap(({ type, name, inputs }): Planned[] => {
        const terraformType = typeOf(type);
        if (terraformType === undefined) return [];
        return [{ type: terraformType, name: name.replace(/[^\w-]/g, "_"), values: valuesOf(inputs) }];
    });
    const entry = ({ type, name }: Planned) => ({ address: `${type}.${name}`, mode: "managed", type, name });
    const moduleOf = (entries: object[]) => ({ root_module: { resources: entries } });
    return JSON.stringify({
        format_version: "1.1",
        terraform_version: "1.5.0",
        planned_values: moduleOf(planned.map(one => ({ ...entry(one), schema_version: 0, values: one.values }))),
        resource_changes: planned.map(one => ({
            ...entry(one), change: { actions: ["create"], before: null, after: one.values, after_unknown: {} },
        })),
        configuration: moduleOf(planned.map(one => ({ ...entry(one), expressions: {} }))),
    });
}

/** @example typeOf("gcp:kms/cryptoKey:CryptoKey") // "google_kms_crypto_key" */
function typeOf(type: string): string | undefined {
    const [, provider, module, name] = /^(aws|gcp):([^/]+)\/\w+:(\w+)$/.exec(type) ?? [];
    if (provider === undefined) return undefined;
    const prefix = provider === "gcp" ? "google" : "aws";
    return types[type] ?? [prefix, ...module === "ec2" ? [] : [module], snakeCase(name)].join("_");
}

function valuesOf(inputs: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(Object.entries(inputs).map(([key, value]) => {
        const name = blocks[snakeCase(key)] ?? snakeCase(key);
        if (maps.includes(name)) return [name, value];
        const inner = innerOf(value);
        return [name, isObject(value) ? [inner] : inner];
    }));
}

function innerOf(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(innerOf);
    return isObject(value) ? valuesOf(value) : value;
}

function snakeCase(text: string): string {
    return text.replace(/(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, "_").toLowerCase();
}
