/** Values in the notations of the Compose specification. Each function returns undefined for what isn't one. */

const byteUnits: Record<string, number> = { b: 1, k: 2 ** 10, kb: 2 ** 10, m: 2 ** 20, mb: 2 ** 20, g: 2 ** 30, gb: 2 ** 30, t: 2 ** 40, tb: 2 ** 40 };

/** Bytes of a byte value such as `512m`, `1.5gb` or `2048`. The units are powers of 1024. */
export function parseBytes(text: string): number | undefined {
    const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([a-z]*)$/i.exec(text.trim()) ?? [];
    const factor = unit === undefined ? undefined : byteUnits[unit.toLowerCase().replace(/ib$/, "b") || "b"];
    return factor === undefined ? undefined : Math.floor(Number(amount) * factor);
}

const durationUnits: Record<string, number> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** Seconds of a duration such as `1m30s` or `250ms`. */
export function parseDuration(text: string): number | undefined {
    if (!/^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+$/.test(text.trim())) return undefined;
    return [...text.matchAll(/(\d+(?:\.\d+)?)(us|ms|s|m|h)/g)].reduce((sum, [, amount, unit]) => sum + Number(amount) * durationUnits[unit], 0);
}

/** The words of a command line, as a shell splits it. Nothing else that shells do happens. */
export function splitWords(line: string): string[] | undefined {
    const words: string[] = [];
    let word: string | undefined;
    let quote = "";
    for (let at = 0; at < line.length; at++) {
        const character = line[at];
        if (quote === "'" ? character !== "'" : character === "\\") {
            if (quote === "'") word += character;
            else if (++at === line.length) return undefined;
            // Between double quotes, a backslash is text before most characters.
            else word = (word ?? "") + (quote === '"' && !/["\\$`\n]/.test(line[at]) ? "\\" : "") + line[at];
        } else if (quote !== "" && character === quote) quote = "";
        else if (quote === "" && /["']/.test(character)) [quote, word] = [character, word ?? ""];
        else if (quote === "" && /\s/.test(character)) {
            if (word !== undefined) words.push(word);
            word = undefined;
        } else word = (word ?? "") + character;
    }
    if (quote !== "") return undefined;
    return word === undefined ? words : [...words, word];
}

/** A port mapping. */
export interface Port {
    target: number;
    published?: string;
    protocol: string;
}

/** The ports of the short syntax `[[HOST:]PUBLISHED:]TARGET[/PROTOCOL]`, where both may be ranges of the same length. */
export function parsePorts(text: string): Port[] | undefined {
    const [, published, first, last, protocol = "tcp"]
        = /^(?:(?:(?:\[[\da-f:]+\]|[\d.]+):)?(\d*(?:-\d+)?):)?(\d+)(?:-(\d+))?(?:\/([a-z]+))?$/i.exec(text.trim()) ?? [];
    if (first === undefined) return undefined;
    const [from, to] = [Number(first), Number(last ?? first)];
    if (from < 1 || to > 65535 || to < from) return undefined;
    const [begin, end] = (published ?? "").split("-");
    if (end !== undefined && to > from && Number(end) - Number(begin) !== to - from) return undefined;
    return Array.from({ length: to - from + 1 }, (_, index) => ({
        target: from + index, protocol: protocol.toLowerCase(),
        ...(published !== undefined && { published: end === undefined || to === from ? published : String(Number(begin) + index) }),
    }));
}

/** A mount of the short syntax `[SOURCE:]TARGET[:OPTIONS]`. */
export interface Mount {
    type: string;
    source?: string;
    target: string;
    readOnly: boolean;
}

export function parseMount(text: string): Mount | undefined {
    // A drive's colon belongs to the path.
    const parts = text.trim().split(/:(?!\\)/);
    if (parts.length > 3 || parts.includes("")) return undefined;
    const [source, target, options = ""] = parts.length === 1 ? [undefined, parts[0]] : parts;
    if (target === undefined || !target.startsWith("/")) return undefined;
    const isPath = source !== undefined && /^(\.|\/|~|[A-Za-z]:\\)/.test(source);
    return { type: isPath ? "bind" : "volume", ...(source !== undefined && { source }), target: target.replace(/(?<=.)\/+$/, ""), readOnly: options.split(",").includes("ro") };
}
