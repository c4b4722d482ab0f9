import { interpolate, InterpolationError, type Variables } from "./interpolation";

/** The file has a line that can't be read. */
export class EnvFileError extends Error {
    constructor(readonly line: number, message: string) {
        super(message);
    }
}

/**
 * The variables of an env file: `NAME=value` or `NAME: value`, with comments. Single quotes keep the text; double quotes know escapes such as
 * \n, \t and \"; both may span lines. Variables in the text are replaced, except in single quotes. A name without a value is read from `variables`.
 * @throws EnvFileError for the first line that can't be read
 */
export function parseEnvFile(text: string, variables: Variables): Record<string, string> {
    const found: Record<string, string> = {};
    let rest = text.replace(/^\uFEFF/, "").replace(/\r\n/g, "\n");
    const total = lineBreaks(rest);
    // A line that can't be read may be a part of a secret, so no message has it.
    const refuse = (problem: string): never => {
        throw new EnvFileError(total - lineBreaks(rest) + 1, problem);
    };
    const replaced = (value: string): string => {
        try {
            return interpolate(value, { ...found, ...defined(variables) }).text;
        } catch (error) {
            if (error instanceof InterpolationError) refuse(error.message);
            throw error;
        }
    };
    for (;;) {
        rest = rest.replace(/^(?:\s+|#.*)+/, "");
        if (rest === "") return found;
        const [statement, , name, sign] = /^(export\s+)?([^\n=:]*?)[^\S\n]*(=|:|\n|$)/.exec(rest)!;
        if (!/^[\p{L}\p{N}_.[\]-]+$/u.test(name)) refuse("sets no variable: a name has letters, digits, _, . and - only. A value with quotes or of several lines must be quoted as a whole");
        if (sign === "\n" || sign === "") {
            if (variables[name] !== undefined) found[name] = variables[name];
            rest = rest.slice(statement.length);
            continue;
        }
        const value = rest.slice(statement.length).replace(/^[^\S\n]+/, "");
        const quote = /^["']/.exec(value)?.[0];
        if (quote === undefined) {
            const [line] = value.split("\n", 1);
            found[name] = replaced(line.replace(/ #.*$/, "").trimEnd());
            rest = value.slice(line.length);
            continue;
        }
        const quoted = (quote === "'" ? /^'((?:[^'\\]|\\[^])*)'/ : /^"((?:[^"\\]|\\[^])*)"/).exec(value) ?? refuse(`has ${quote} without another one that ends the value`);
        const inner = quoted[1].replaceAll(`\\${quote}`, quote);
        found[name] = quote === "'" ? inner : replaced(unescaped(inner));
        rest = value.slice(quoted[0].length);
    }
}

const letters: Record<string, string> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", $: "$$" };

function unescaped(text: string): string {
    return text.replace(/\\(?:([abcfnrtv$"\\])|0([0-7]{3}))/g, (all, letter?: string, octal?: string) =>
        octal !== undefined ? String.fromCharCode(Number.parseInt(octal, 8)) : letter === "c" ? all : letters[letter!] ?? letter!);
}

function lineBreaks(text: string): number {
    return text.split("\n").length - 1;
}

function defined(variables: Variables): Record<string, string> {
    return Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
