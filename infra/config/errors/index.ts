import * as z from "zod";
import { isObject } from "../../values";
import { Context } from "../schema/defaults";
import {
    allKeys, allowedText, Description, describeKey, describeSettings, describeTargets, entriesOf,
} from "../schema/describe";
import { isPlainKey } from "../schema/fields";
import { RuleParams } from "../schema/rule";
import { closest } from "./closest";
import { exampleAround, exampleLine, exampleOf, nest } from "./example";
import { Problem } from "./problem";

type Issue = z.core.$ZodIssue;

/** What the errors are about: the described schema, the given value, and what defaults depend on. */
interface Subject {
    settings: Description;
    raw: unknown;
    context: Context;
    /** Sections whose values are never shown. */
    secrets: readonly string[];
}

/** Turns the schema's issues into problems that a person can act on. */
export function toProblems(
    issues: readonly Issue[], raw: unknown, context: Context, secrets: readonly string[] = [],
): Problem[] {
    const subject = { settings: describeSettings(context), raw, context, secrets };
    const problems = [...lostNames(subject, raw), ...issues.flatMap(issue => {
        // A list with a wrong entry is shown as a whole, because entries have no key of their own.
        const entry = issue.path.findIndex(key => typeof key === "number");
        const keys = (entry < 0 ? issue.path : issue.path.slice(0, entry)).map(String);
        if (issue.code === "invalid_key") return [badName(subject, keys)];
        if (issue.code === "unrecognized_keys") {
            return issue.keys.map(key => unknownKey(subject, [...keys, key]));
        }
        if (issue.code === "custom" && issue.params?.violation) {
            return [brokenRule(subject, keys, issue.params as unknown as RuleParams)];
        }
        return [badValue(subject, keys, issue)];
    })];
    return problems.filter((problem, index) => !isSecondOf(problem, problems.slice(0, index), problems));
}

/** Whether a problem is already reported: for the same value, or as a missing key whose name was misspelt. */
function isSecondOf({ key, problem }: Problem, before: readonly Problem[], all: readonly Problem[]): boolean {
    const above = key.slice(0, key.lastIndexOf(".") + 1);
    const name = key.slice(above.length);
    return before.some(other => other.key === key && other.problem === problem)
        || (problem.startsWith("is missing") && all.some(other =>
            other.key.startsWith(above) && other.problem === `is an unknown key; did you mean ${name}?`));
}

/** zod silently drops `__proto__` from a record. */
function lostNames(subject: Subject, value: unknown, keys: string[] = []): Problem[] {
    if (!isObject(value)) return [];
    const described = describeKey(subject.settings, keys, subject.context.target);
    return Object.entries(value).flatMap(([key, below]) => key === "__proto__" && described && entriesOf(described)
        ? [badName(subject, [...keys, key])] : lostNames(subject, below, [...keys, key]));
}

function badValue(subject: Subject, keys: string[], issue: Issue): Problem {
    const { settings, raw, context } = subject;
    const target = keys.join(".") === "cluster.target";
    const described = describeKey(settings, keys, context.target) ?? {};
    const stated = valueAt(raw, keys);
    const value = stated === undefined && keys.length > 1 && !target ? issue.input : stated;
    const targets = Object.keys(describeTargets(settings));
    const words = target ? targets : described.enum ?? [];
    const meant = typeof value === "string" ? closest(value, words) : undefined;
    const shape = described.properties || described.oneOf || entriesOf(described);
    return {
        key: keyText(keys),
        problem: value === undefined ? "is missing"
            : value === null ? "is empty"
            : shape ? "is not an object"
            : described.items && !Array.isArray(value) ? "is not a list"
            : meant ? `is none of the words it can be; did you mean ${meant}?`
            : words.length > 0 && typeof value === "string" ? "is none of the words it can be"
            : isSecret(subject, keys) ? "is not valid"
            : reasonOf(issue, valueAt(raw, issue.path.map(String)) ?? value) ?? "is not valid",
        given: givenText(subject, keys, value, issue.code.startsWith("invalid_")) +
            (value !== undefined && stated === undefined ? " (the default)" : ""),
        allowed: target ? `one of ${targets.join(", ")}` : allowedText(settings, described),
        example: target
            ? exampleLine("cluster", describeTargets(settings)[meant ?? targets[0]].example)
            : exampleOf(settings, keys, context),
    };
}

/** What is wrong with the value, if the schema says so. */
function reasonOf(issue: Issue, value: unknown): string | undefined {
    const reason = valueReason(issue, value);
    const entry = issue.path.some(key => typeof key === "number");
    return reason !== undefined && entry ? `holds ${JSON.stringify(value)}, which ${reason}` : reason;
}

function valueReason(issue: Issue, value: unknown): string | undefined {
    switch (issue.code) {
        case "custom": return typeof issue.params?.reason === "string" ? issue.params.reason : undefined;
        case "invalid_union": return issue.errors.flat().map(inner => valueReason(inner, value)).find(reason => reason !== undefined);
        case "too_small": return issue.origin === "array" || issue.origin === "string" ? undefined : `is less than ${issue.minimum}`;
        case "too_big": return issue.origin === "array" || issue.origin === "string" ? undefined : `is more than ${issue.maximum}`;
        case "invalid_type": return typeReason(issue.expected, value);
        default: return undefined;
    }
}

/** In YAML, numbers and text look alike. */
function typeReason(expected: string, value: unknown): string | undefined {
    if (expected === "string" && (typeof value === "number" || typeof value === "boolean")) {
        return `is ${typeof value === "number" ? "a number" : "true or false"}, not text. Put it in quotes: "${value}"`;
    }
    if (typeof value === "number") return expected === "int" ? "is not a whole number" : undefined;
    if (typeof value !== "string") return undefined;
    if (expected === "boolean") {
        const meant = { yes: "true", on: "true", y: "true", true: "true", no: "false", off: "false", n: "false", false: "false" };
        const word = meant[value.toLowerCase() as keyof typeof meant] as string | undefined;
        return word && `is text. Write ${word}, without quotes`;
    }
    return /^-?\d+$/.test(value) && /^(number|int)$/.test(expected) ? `is text. Write ${Number(value)}, without quotes` : undefined;
}

/** An invalid name in a record. */
function badName({ settings, context }: Subject, keys: string[]): Problem {
    const above = keys.slice(0, -1);
    const name = keys[keys.length - 1];
    return {
        key: keyText(keys),
        problem: isPlainKey(name) ? "is not a valid name" : "is a name that JavaScript or Pulumi gives a meaning of its own",
        given: JSON.stringify(name),
        allowed: describeKey(settings, above, context.target)?.names ?? "",
        example: exampleOf(settings, above, context),
    };
}

function unknownKey(subject: Subject, keys: string[]): Problem {
    const { settings, raw, context } = subject;
    const above = keys.slice(0, -1);
    const key = keys[keys.length - 1];
    const described = describeKey(settings, above, context.target) ?? settings;
    const around = described.oneOf ? describeTargets(settings)[context.target ?? ""] : described;
    const known = Object.keys(around.properties ?? {});
    const meant = closest(key, known);
    const elsewhere = allKeys(settings).filter(path => path[path.length - 1] === key).map(path => keyText(path));
    const owners = Object.entries(describeTargets(settings)).filter(([, target]) => Object.hasOwn(target.properties ?? {}, key));
    const [section] = key.split(".");
    const ofServices = above.join(".") === "app" && context.app === undefined
        && Object.hasOwn(describeSettings({ ...context, app: "services" }).properties?.app.properties ?? {}, key);
    const dotted = keys.length === 1 && section !== key && known.includes(section);
    const hint = dotted ? `write it below ${keyText([section])}, or use pulumi config set --path`
        : ofServices ? "it belongs to landfall:app with type: services"
        : meant ? `did you mean ${meant}?`
        : above[0] === "cluster" && owners.length > 0
            ? `it belongs to the target ${owners.map(([name]) => name).join(" or ")}`
            : elsewhere.length > 0 ? `did you mean ${elsewhere.join(" or ")}?` : undefined;
    const instead = meant ? [...above, meant] : above.length > 0 ? above : ["app"];
    return {
        key: keyText(keys),
        problem: hint ? `is an unknown key; ${hint}` : "is an unknown key",
        // A misspelt name of a secret must not show the secret.
        given: givenText(subject, describeKey(settings, instead, context.target)?.secret ? instead : keys, valueAt(raw, keys)),
        allowed: known.join(", "),
        example: exampleOf(settings, instead, context),
    };
}

function brokenRule(subject: Subject, keys: string[], params: RuleParams): Problem {
    const { settings, raw, context } = subject;
    const { violation, value } = params;
    const above = keys.slice(0, keys.length - violation.keys[0].split(".").length);
    const given = violation.keys.map((key, index) => {
        const path = [...above, ...key.split(".")];
        const used = valueAt(value, key.split("."));
        const text = givenText(subject, path, used) +
            (used !== undefined && valueAt(raw, path) === undefined ? " (the default)" : "");
        return index === 0 ? text : `${keyText(path)} is ${used === undefined ? "not given" : text}`;
    });
    const named = (text: string) => text.replace(/(?<!\$)\{([a-z][\w.<>-]*)\}/gi, (_, key: string) => keyText([key]));
    const example = above.length > 0 ? nest(above, violation.example) : violation.example as Record<string, unknown>;
    const section = Object.keys(example)[0];
    return {
        key: keyText(keys),
        problem: named(violation.problem),
        given: given.join("; "),
        allowed: named(violation.allowed),
        example: exampleLine(section, exampleAround(settings, section, example[section], context)),
    };
}

/** The key as Pulumi names it: `landfall:app.web.replicas.min`. */
export function keyText(keys: string[]): string {
    return `landfall:${keys.join(".")}`;
}

/** The value under the keys. */
export function valueAt(value: unknown, keys: string[]): unknown {
    return keys.reduce<unknown>((inner, key) => {
        return typeof inner === "object" && inner !== null && Object.hasOwn(inner, key)
            ? (inner as Record<string, unknown>)[key] : undefined;
    }, value);
}

/** The value on one line, with its type if that may be wrong. Of a secret, only the length. */
function givenText(subject: Subject, keys: string[], value: unknown, typed = false): string {
    if (value === undefined) {
        return "nothing";
    }
    if (isSecret(subject, keys)) {
        return typeof value === "string" ? `a text of ${value.length} characters` : "a secret that is no text";
    }
    const shown = withoutSecrets(describeKey(subject.settings, keys, subject.context.target), value);
    const json = JSON.stringify(shown) ?? String(shown);
    const text = json.length > 120 ? `${json.slice(0, 117)}...` : json;
    const type = value === null ? "empty" : Array.isArray(value) ? "a list"
        : { string: "text", number: "a number", boolean: "true or false", object: "an object" }[typeof value as string];
    return typed && type ? `${text} (${type})` : text;
}

/** Whether the value must not be shown. */
function isSecret({ settings, context, secrets }: Subject, keys: string[]): boolean {
    return secrets.includes(keys[0]) || describeKey(settings, keys, context.target)?.secret === true;
}

/** The value with each secret in it replaced by its length. */
function withoutSecrets(description: Description | undefined, value: unknown): unknown {
    if (description?.secret) return typeof value === "string" ? `a text of ${value.length} characters` : "a secret";
    if (!description || !isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) =>
        [key, withoutSecrets(description.properties?.[key] ?? entriesOf(description), inner)]));
}
