/** Values in the notations of the Compose specification. Each function returns undefined for what isn't one. */

const powers = ["", "k", "m", "g", "t", "p"];

/** Bytes of a byte value such as `512m`, `1.5gb` or `2048`. The units are powers of 1024. */
export function parseBytes(text: string): number | undefined {
    const [, amount, unit] = /^\+?(\d+\.?\d*|\.\d+) ?(?:b|([kmgtp])(?:i?b)?)?$/i.exec(text) ?? [];
    return amount === undefined ? undefined : Math.floor(Number(amount) * 1024 ** powers.indexOf(unit?.toLowerCase() ?? ""));
}

const durationUnits: Record<string, number> = { ns: 1e-9, us: 1e-6, µs: 1e-6, μs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const durationPart = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w)/g;

/** Seconds of a duration such as `1m30s` or `250ms`. */
export function parseDuration(text: string): number | undefined {
    const unsigned = text.replace(/^\+/, "");
    if (unsigned === "0") return 0;
    if (unsigned === "" || unsigned.replace(durationPart, "") !== "") return undefined;
    return [...unsigned.matchAll(durationPart)].reduce((sum, [, amount, unit]) => sum + Number(amount) * durationUnits[unit], 0);
}

/**
 * The words of a command line, as a shell splits it; nothing else that shells do happens. Like Compose, it ends before an operator
 * of shells, such as `&&`. What follows is `rest`.
 */
export function splitWords(line: string): { words: string[]; rest: string } | undefined {
    const words: string[] = [];
    let word: string | undefined;
    let quote = "";
    let rest = "";
    const characters = [...line];
    for (let at = 0; at < characters.length; at++) {
        const character = characters[at];
        if (character === "\\" && quote !== "'") {
            if (++at === characters.length) return undefined;
            word = (word ?? "") + characters[at];
        } else if (quote === "" && /[ \t\r\n]/.test(character)) {
            if (word !== undefined) words.push(word);
            word = undefined;
        } else if (character === quote || (quote === "" && /["'`]/.test(character))) {
            quote = quote === "" ? character : "";
            word = (word ?? "") + (/["']/.test(character) ? "" : character);
        } else if (quote === "" && character === "(" && word?.endsWith("$")) {
            [quote, word] = [")", `${word}(`];
        } else if (quote === "" && /[()]/.test(character)) {
            return undefined;
        } else if (quote === "" && /[;&|<>]/.test(character)) {
            // A number before > is a file descriptor.
            if (character === ">" && /^\d/.test(word ?? "")) word = undefined;
            rest = characters.slice(at).join("");
            break;
        } else word = (word ?? "") + character;
    }
    if (quote !== "") return undefined;
    return { words: word === undefined ? words : [...words, word], rest };
}

/** A port mapping. */
export interface Port {
    target: number;
    published?: string;
    protocol: string;
    /** Only programs on the same computer connect to it. */
    isLocal?: true;
}

/** The ports of the short syntax `[[HOST:]PUBLISHED:]TARGET[/PROTOCOL]`, where both may be ranges of the same length. */
export function parsePorts(text: string): Port[] | undefined {
    const [, host, published, first, last, protocol = "tcp"]
        = /^(?:(?:(\[[\da-f:]+\]|\d+(?:\.\d+){3}):)?(\d*|\d+-\d+):)?(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp)?)?$/i.exec(text) ?? [];
    if (first === undefined) return undefined;
    const [from, to] = [Number(first), Number(last ?? first)];
    if (from < 1 || to > 65535 || to < from) return undefined;
    const [begin, end = begin] = (published || "0").split("-").map(Number);
    if (end > 65535 || end < begin || (to > from && published && end - begin !== to - from)) return undefined;
    return Array.from({ length: to - from + 1 }, (_, index) => ({
        target: from + index, protocol: protocol.toLowerCase(), ...(isLocal(host) && { isLocal: true as const }),
        // Of several ports for one of the container's, Docker takes any.
        ...(published !== undefined && { published: !published ? "" : to === from && end > begin ? published : String(begin + index) }),
    }));
}

/** Whether an address is that of a computer's own programs. */
export function isLocal(address: string | undefined): boolean {
    return /^(127\.|\[?::1\]?$|localhost$)/.test(address ?? "");
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
    const parts = text.split(/(?<!^[A-Za-z](?=:[\\/].*:)):/);
    if (parts.length > 3 || parts.includes("")) return undefined;
    const [source, target, options = ""] = parts.length === 1 ? [undefined, parts[0]] : parts;
    if (target === undefined || !target.startsWith("/")) return undefined;
    const isPath = source !== undefined && /^(\.|\/|~|\\\\|[A-Za-z]:[\\/])/.test(source);
    return { type: isPath ? "bind" : "volume", ...(source !== undefined && { source }), target: target.replace(/(?<=.)\/+$/, ""), readOnly: options.split(",").includes("ro") };
}
