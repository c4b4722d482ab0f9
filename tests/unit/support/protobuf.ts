import { isObject } from "../../../infra/values";

/** Messages, enumerations and what is nested in them, as protobuf's JSON form has them. */
export interface Namespace {
    nested?: Record<string, Namespace>;
    /** Of a message. */
    fields?: Record<string, Field>;
    /** Of an enumeration. */
    values?: Record<string, number>;
    oneofs?: Record<string, { oneof: string[] }>;
}

interface Field {
    type: string;
    rule?: "repeated";
    /** Of a map. */
    keyType?: string;
    options?: Record<string, unknown>;
}

const scalars: Record<string, (value: unknown) => boolean> = {
    string: value => typeof value === "string",
    bool: value => typeof value === "boolean",
    double: value => typeof value === "number",
    int32: value => Number.isInteger(value) && Math.abs(Number(value)) < 2 ** 31,
    int64: value => Number.isSafeInteger(value),
};
/** Google's own types, as JSON has them. */
const wellKnown: Record<string, (value: unknown) => boolean> = {
    "google.protobuf.Timestamp": value => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(value)),
    "google.protobuf.Duration": value => /^\d+(\.\d+)?s$/.test(String(value)),
    "google.protobuf.BoolValue": value => typeof value === "boolean",
};

/**
 * What an API would refuse of a message: fields that there are not, values of another type, words that are not in the
 * enumeration, fields that the API itself fills in, missing ones that it requires, and two of what excludes each other.
 */
export class MessageCheck {
    /** @param root the package that the types are in */
    constructor(private readonly root: Namespace) {}

    problems(type: string, message: Record<string, unknown>): string[] {
        return this.ofMessage([type], message, type);
    }

    private ofMessage(scope: string[], message: Record<string, unknown>, path: string): string[] {
        const { fields = {}, oneofs = {} } = this.find(scope) as Namespace;
        const given = Object.keys(message).filter(key => message[key] !== undefined);
        const behaviour = (field: Field): unknown => field.options?.["(google.api.field_behavior)"];
        return [
            ...given.flatMap(key => {
                const field = fields[key];
                if (field === undefined) return [`${path}.${key} is no field`];
                if (behaviour(field) === "OUTPUT_ONLY") return [`${path}.${key} is filled in by the API`];
                return this.ofField(scope, field, message[key], `${path}.${key}`);
            }),
            ...Object.keys(fields).filter(key => behaviour(fields[key]) === "REQUIRED" && !given.includes(key))
                .map(key => `${path}.${key} is missing`),
            ...Object.values(oneofs).filter(({ oneof }) => oneof.filter(key => given.includes(key)).length > 1)
                .map(({ oneof }) => `${path} has more than one of ${oneof.join(", ")}`),
        ];
    }

    private ofField(scope: string[], field: Field, value: unknown, path: string): string[] {
        if (field.keyType !== undefined) {
            return isObject(value)
                ? Object.entries(value).flatMap(([key, one]) => this.ofValue(scope, field.type, one, `${path}[${key}]`))
                : [`${path} is no map`];
        }
        if (field.rule !== "repeated") return this.ofValue(scope, field.type, value, path);
        return Array.isArray(value)
            ? value.flatMap((one, index) => this.ofValue(scope, field.type, one, `${path}[${index}]`))
            : [`${path} is no list`];
    }

    private ofValue(scope: string[], type: string, value: unknown, path: string): string[] {
        const simple = scalars[type] ?? wellKnown[type];
        if (simple) return simple(value) ? [] : [`${path} is no ${type}: ${JSON.stringify(value)}`];
        const found = this.resolve(scope, type);
        const { values } = this.find(found) as Namespace;
        if (values) {
            const isWord = typeof value === "string" && value in values;
            return isWord ? [] : [`${path} is none of ${Object.keys(values).join(", ")}: ${JSON.stringify(value)}`];
        }
        return isObject(value) ? this.ofMessage(found, value, path) : [`${path} is no ${type}`];
    }

    /** A type's name is looked for in the message where it stands, then in those around it. */
    private resolve(scope: string[], type: string): string[] {
        for (let depth = scope.length; depth >= 0; depth--) {
            const full = [...scope.slice(0, depth), ...type.split(".")];
            if (this.find(full)) return full;
        }
        throw new Error(`The API has no type ${type}`);
    }

    private find(names: string[]): Namespace | undefined {
        return names.reduce<Namespace | undefined>((namespace, name) => namespace?.nested?.[name], this.root);
    }
}
