import { createRequire } from "node:module";
import * as path from "node:path";
import { Registered } from "../../../infra/cli/capture";
import { isObject } from "../../../infra/values";

/** Azure's own model of a value, as its client libraries carry it; for the client of a newer API than the program's. */
interface Mapper {
    serializedName?: string;
    required?: boolean;
    readOnly?: boolean;
    constraints?: Record<string, number | RegExp | boolean>;
    type: { name: string; className?: string; element?: Mapper; value?: Mapper; allowedValues?: string[] };
}

type Composite = { type: { modelProperties?: Record<string, Mapper>; uberParent?: string } };

/** Type of the program → the client library that models it, and its name there. */
const models: Record<string, [string, string]> = {
    "containerservice:ManagedCluster": ["arm-containerservice", "ManagedCluster"],
    "containerservice:AgentPool": ["arm-containerservice", "AgentPool"],
    "containerservice:MaintenanceConfiguration": ["arm-containerservice", "MaintenanceConfiguration"],
    "keyvault:Vault": ["arm-keyvault", "VaultCreateOrUpdateParameters"],
    "keyvault:Key": ["arm-keyvault", "KeyCreateParameters"],
    "containerregistry:Registry": ["arm-containerregistry", "Registry"],
    "storage:FileServiceProperties": ["arm-storage", "FileServiceProperties"],
    "storage:StorageAccount": ["arm-storage", "StorageAccountCreateParameters"],
};

const load = createRequire(__filename);

function part<T>(library: string, file: "mappers" | "parameters"): Record<string, T> {
    const main = load.resolve(`@azure/${library}`);
    return load(path.join(path.dirname(main), "models", file)) as Record<string, T>;
}

/** Whether Azure's client libraries model this type. */
export function isModelled(type: string): boolean {
    return type.replace("azure-native:", "") in models;
}

/** What Azure's own model has against the resource's inputs. */
export function modelProblems({ type, inputs }: Pick<Registered, "type" | "inputs">): string[] {
    const [library, name] = models[type.replace("azure-native:", "")];
    const parameters = part<{ mapper: Mapper }>(library, "parameters");
    const mappers = part<Composite>(library, "mappers");
    const inPath = (key: string) => ["resourceGroupName", "resourceName", "agentPoolName", "configName", "vaultName",
        "keyName", "registryName", "accountName", "fileServicesName"].includes(key);
    const named = Object.keys(inputs).filter(inPath).flatMap(key => {
        // AgentPool's `resourceName` is the cluster's, and all of a library's paths say the same of a name.
        const model = parameters[key]?.mapper;
        return model ? valueProblems(model, inputs[key], key, mappers) : [`${key} is not known`];
    });
    const body = Object.fromEntries(Object.entries(inputs).filter(([key]) => !inPath(key)));
    return [...named, ...compositeProblems(name, apiShape(body), "", mappers)];
}

/** Pulumi takes a list of identities where the API has an object with their ids as keys. */
function apiShape(body: Record<string, unknown>): Record<string, unknown> {
    const identity = body.identity as { userAssignedIdentities?: string[] } | undefined;
    if (!identity?.userAssignedIdentities) return body;
    const identities = Object.fromEntries(identity.userAssignedIdentities.map(id => [id, {}]));
    return { ...body, identity: { ...identity, userAssignedIdentities: identities } };
}

function compositeProblems(
    name: string, value: Record<string, unknown>, at: string, mappers: Record<string, Composite>,
): string[] {
    const properties = Object.entries(mappers[name].type.modelProperties ?? {}).filter(([, { readOnly }]) => !readOnly);
    const keysOf = ([key, { serializedName = "" }]: [string, Mapper]) =>
        [key, serializedName.replaceAll("\\.", ".").split(".").pop() ?? ""];
    const below = (key: string) => at ? `${at}.${key}` : key;
    const all = new Set(properties.flatMap(keysOf));
    const unknown = Object.keys(value).filter(key => !all.has(key)).map(key => `${below(key)} is not known`);
    return [...unknown, ...properties.flatMap(property => {
        // The provider calls a property as the API or as the client library does.
        const key = keysOf(property).find(one => value[one] !== undefined);
        if (key !== undefined) return valueProblems(property[1], value[key], below(key), mappers);
        return property[1].required ? [`${below(property[0])} is missing`] : [];
    })];
}

function valueProblems(model: Mapper, value: unknown, at: string, mappers: Record<string, Composite>): string[] {
    const { name, className = "", element, value: entry, allowedValues } = model.type;
    const wrong = (what: string) => [`${at} is ${JSON.stringify(value)}, ${what}`];
    switch (name) {
        case "Composite":
            return isObject(value) ? compositeProblems(className, value, at, mappers) : wrong("not an object");
        case "Sequence":
            if (!Array.isArray(value)) return wrong("not a list");
            return [
                ...constraintProblems(model, value, at),
                ...value.flatMap((one, index) => valueProblems(element as Mapper, one, `${at}[${index}]`, mappers)),
            ];
        case "Dictionary":
            if (!isObject(value)) return wrong("not an object");
            return Object.entries(value).flatMap(([key, one]) =>
                valueProblems(entry as Mapper, one, `${at}.${key}`, mappers));
        case "Enum":
            return allowedValues?.includes(value as string) ? [] : wrong(`not of ${allowedValues?.join()}`);
        case "String":
        case "Number":
        case "Boolean":
            return typeof value === name.toLowerCase() ? constraintProblems(model, value, at) : wrong(`no ${name}`);
        default:
            return [];
    }
}

function constraintProblems({ constraints = {} }: Mapper, value: unknown, at: string): string[] {
    const length = (value as string | unknown[]).length;
    const holds: Record<string, (bound: never) => boolean> = {
        Pattern: (pattern: RegExp) => pattern.test(value as string),
        MinLength: (least: number) => length >= least,
        MaxLength: (most: number) => length <= most,
        MinItems: (least: number) => length >= least,
        MaxItems: (most: number) => length <= most,
        UniqueItems: () => new Set(value as unknown[]).size === length,
        InclusiveMinimum: (least: number) => (value as number) >= least,
        InclusiveMaximum: (most: number) => (value as number) <= most,
    };
    return Object.entries(constraints)
        .filter(([constraint, bound]) => !holds[constraint](bound as never))
        .map(([constraint, bound]) => `${at} is ${JSON.stringify(value)}, against ${constraint} ${String(bound)}`);
}
