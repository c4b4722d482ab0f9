import * as z from "zod";
import { isObject } from "../../values";

/** A violated rule between keys. Paths are relative to the object that the rule is about. */
export interface Violation {
    /** The conflicting keys. The error begins with the first. */
    keys: string[];
    /** Completes "<key>: …". Other keys are written as {app.web.image}, below the project's namespace. */
    problem: string;
    allowed: string;
    /** What to write instead, as the value of the object that the rule is about. */
    example: unknown;
}

/** A violation as part of a zod issue. */
export interface RuleParams {
    violation: Violation;
    /** The values of the keys that the rule is about, with their defaults. */
    value: unknown;
}

/**
 * Adds a rule between keys of one object. It runs whenever those keys are valid, whatever else is wrong,
 * so that all problems are reported at once.
 */
export function rule<T extends z.ZodObject, K extends keyof z.output<T> & string>(
    schema: T, keys: K[], check: (value: Pick<z.output<T>, K>) => Violation | undefined,
): T {
    /** The keys' values with their defaults; undefined if one of them is invalid. */
    const read = (given: unknown): Pick<z.output<T>, K> | undefined => {
        if (!isObject(given)) return undefined;
        const results = keys.map(key => {
            const result = (schema.shape[key] as z.ZodType).safeParse(given[key]);
            return [key, result] as const;
        });
        return results.every(([, result]) => result.success)
            ? Object.fromEntries(results.map(([key, result]) => [key, result.data])) as Pick<z.output<T>, K>
            : undefined;
    };
    return schema.superRefine((given, context) => {
        const value = read(given);
        const violation = value && check(value);
        if (violation) {
            const params: RuleParams = { violation, value };
            context.addIssue({ code: "custom", path: violation.keys[0].split("."), params: { ...params } });
        }
    }, { when: () => true });
}
