import { domainToASCII } from "node:url";
import { isAddress, networkOf, parseNetwork } from "../../../components/cluster/ipv4";
import { parseQuantity, quantity } from "../../../components/quantity";

/** What is wrong with a text, completing "<key> …"; true if nothing is, false if there is no specific reason. */
export type Verdict = boolean | string;

/** A character in a form that people can find. */
function shown(character: string): string {
    const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(character)) return `the control character U+${code}`;
    return character === " " ? "a space" : /\s|\p{Cf}/u.test(character) ? `the invisible character U+${code}` : JSON.stringify(character);
}

/** The first character that is not among those of the pattern. */
export function strangeCharacter(given: string, allowed: RegExp): string | undefined {
    const found = [...given].find(character => !allowed.test(character));
    return found === undefined ? undefined : `has ${shown(found)}, which can't be in it`;
}

/** Text on one line, without control characters and lone surrogates, which pages and files can't contain. */
export function lineVerdict(given: string, longest: number): Verdict {
    if (given.trim() === "") return "is empty";
    if (given.length > longest) return `has ${given.length} characters`;
    return strangeCharacter(given, /[^\p{Cc}\p{Cs}\u2028\u2029]/u) ?? true;
}

/** A DNS label, or several with dots between them. */
export function labelVerdict(given: string, longest: number, characters = /[a-z0-9-]/): Verdict {
    if (given === "") return "is empty";
    const capital = /[A-Z]/.exec(given)?.[0];
    if (capital !== undefined) return `has the capital letter "${capital}"`;
    const strange = strangeCharacter(given, characters);
    if (strange !== undefined) return strange;
    const part = given.split(".").find(label => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label));
    if (part === "") return "has a dot too many";
    if (part !== undefined) return `begins or ends ${part === given ? "" : `a part, "${part}", `}with "-"`;
    return given.length <= longest || `has ${given.length} characters`;
}

/** RFC 1123, as a Gateway wants it: lower case, no wildcard, and no IP address. */
export function hostVerdict(given: string): Verdict {
    const ascii = domainToASCII(given);
    if (/[\u0080-\uffff]/.test(given) && hostVerdict(ascii) === true) {
        const strange = [...given].find(character => character > "\x7f")!;
        return `has ${shown(strange)}: write it as ${ascii}`;
    }
    const verdict = labelVerdict(given, 253, /[a-z0-9.-]/);
    if (verdict !== true) return verdict;
    const labels = given.split(".");
    const long = labels.find(label => label.length > 63);
    if (long !== undefined) return `has a part of ${long.length} characters`;
    return !/^\d+$/.test(labels[labels.length - 1]) || "is an address, not a name";
}

/** An IPv4 network whose prefix length lies between the two. */
export function networkVerdict(given: string, widest: number, narrowest: number): Verdict {
    const network = parseNetwork(given);
    if (network && network.prefix >= widest && network.prefix <= narrowest) return true;
    if (network) return `has the length ${network.prefix}`;
    if (isAddress(given)) {
        return `has no length: ${narrowest === 32 ? `one address is ${given}/32` : `write ${networkOf(given, narrowest)}, for example`}`;
    }
    const [, address, length] = /^([\d.]+)\/(\d{1,2})$/.exec(given) ?? [];
    if (address && Number(length) <= 32 && isAddress(address)) {
        return `has bits set beyond its length: the network is ${networkOf(address, Number(length))}`;
    }
    return false;
}

/** A Kubernetes quantity above zero and within the bounds. */
export function quantityVerdict(given: string, least?: string, most?: string): Verdict {
    const amount = parseQuantity(given);
    if (amount !== undefined) {
        if (amount === 0n) return least === undefined ? "is 0" : `is less than ${least}`;
        if (least !== undefined && amount < quantity(least)) return `is less than ${least}`;
        return most === undefined || amount <= quantity(most) || `is more than ${most}`;
    }
    const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]+)$/.exec(given) ?? [];
    const meant = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "k", "M", "G", "T", "P", "E"]
        .find(known => known.toLowerCase() === unit.toLowerCase().replace(/b$/, ""));
    if (number !== undefined && meant !== undefined && parseQuantity(number + meant) !== undefined) {
        return unit === meant ? `has a space: write ${number}${meant}` : `has the unit "${unit}": write ${number}${meant}`;
    }
    if (/^-/.test(given)) return "is less than 0";
    return given.includes(",") ? `has a comma: write ${given.replace(",", ".")}` : false;
}
