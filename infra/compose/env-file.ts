import { interpolate, type Variables } from "./interpolation";

/**
 * The variables of an env file: a line each, `NAME=value`, with comments. Single quotes keep the text; double quotes know \n, \t and \", and
 * may span lines. Variables in the text are replaced, except in single quotes. A name without `=` is read from `variables`.
 */
export function parseEnvFile(text: string, variables: Variables): Record<string, string> {
    const found: Record<string, string> = {};
    const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
    for (let at = 0; at < lines.length; at++) {
        const [, name, equals, start] = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*(=|:\s)?\s*(.*)$/.exec(lines[at]) ?? [];
        if (name === undefined) continue;
        if (equals === undefined) {
            const value = variables[name];
            if (value !== undefined) found[name] = value;
            continue;
        }
        const quote = /^["']/.exec(start)?.[0];
        if (quote === undefined) {
            found[name] = interpolate(start.replace(/(^|\s)#.*$/, "").trimEnd(), { ...found, ...defined(variables) }).text;
            continue;
        }
        let rest = start.slice(1);
        while (endOf(rest, quote) < 0 && at + 1 < lines.length) rest += `\n${lines[++at]}`;
        const end = endOf(rest, quote);
        const inner = end < 0 ? rest : rest.slice(0, end);
        found[name] = quote === "'" ? inner
            : interpolate(inner.replace(/\\([nrt"\\])/g, (_, letter: string) => ({ n: "\n", r: "\r", t: "\t" })[letter] ?? letter), { ...found, ...defined(variables) }).text;
    }
    return found;
}

function endOf(text: string, quote: string): number {
    const found = (quote === "'" ? /'/ : /(?<!\\)(?:\\\\)*"/).exec(text);
    return found === null ? -1 : found.index + found[0].length - 1;
}

function defined(variables: Variables): Record<string, string> {
    return Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
