/** The environment, as far as a Compose file sees it. */
export type Variables = Record<string, string | undefined>;

/** Text with its variables replaced, and the names of those that aren't set and have no default. */
export interface Interpolated {
    text: string;
    unset: string[];
}

/** The text has a `${` that begins no variable, or a variable that must be set isn't. The message has nothing of the text, which may be secret. */
export class InterpolationError extends Error {}

const name = /^[A-Za-z_][A-Za-z0-9_]*/;

/** Replaces `$NAME`, `${NAME}` and `${NAME:-default}` with its siblings `-`, `:?`, `?`, `:+` and `+`; `$$` is a `$`, and so is one before anything else. */
export function interpolate(text: string, variables: Variables): Interpolated {
    const unset: string[] = [];
    let result = "";
    for (let at = 0; at < text.length;) {
        if (text[at] !== "$") {
            result += text[at++];
        } else if (text[at + 1] === "$") {
            result += "$";
            at += 2;
        } else if (text[at + 1] === "{") {
            const end = closingBrace(text, at + 2);
            result += expression(text.slice(at + 2, end), variables, unset);
            at = end + 1;
        } else {
            const found = name.exec(text.slice(at + 1))?.[0];
            result += found === undefined ? "$" : valueOf(found, variables, unset);
            at += 1 + (found?.length ?? 0);
        }
    }
    return { text: result, unset };
}

function closingBrace(text: string, from: number): number {
    let depth = 1;
    for (let at = from; at < text.length; at++) {
        if (text[at] === "$" && text[at + 1] === "{") depth++;
        if (text[at] === "}" && --depth === 0) return at;
    }
    throw new InterpolationError('has "${" without "}". A dollar sign itself is written $$');
}

function expression(inner: string, variables: Variables, unset: string[]): string {
    const found = name.exec(inner)?.[0];
    const [, colon, operator, operand] = /^(:?)([-?+])([^]*)$/.exec(inner.slice(found?.length ?? 0)) ?? [];
    if (found === undefined || (operator === undefined && inner !== found)) {
        throw new InterpolationError(`has \${${found ?? ""}…}, which is no variable with one of :-, -, :?, ?, :+ and +. A dollar sign itself is written $$`);
    }
    const value = variables[found];
    const isSet = value !== undefined && (colon === "" || value !== "");
    const replacement = (): string => {
        const { text, unset: below } = interpolate(operand, variables);
        unset.push(...below);
        return text;
    };
    switch (operator) {
        case "-": return isSet ? value : replacement();
        case "+": return isSet ? replacement() : "";
        case "?":
            if (isSet) return value;
            throw new InterpolationError(`needs the variable ${found}: ${replacement() || "it is not set"}`);
        default: return valueOf(found, variables, unset);
    }
}

function valueOf(found: string, variables: Variables, unset: string[]): string {
    const value = variables[found];
    if (value === undefined) unset.push(found);
    return value ?? "";
}
