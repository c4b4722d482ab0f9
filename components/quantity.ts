/**
 * Kubernetes quantities (`250m`, `1.5`, `4Gi`, `2e3`) as a whole number of billionths, so that `0.3` equals `300m` exactly.
 */
const pattern = /^(\d+\.?\d*|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?$/;

const nano = 10n ** 9n;
/** The largest quantity in Kubernetes: 2^63 - 1. */
const largest = (2n ** 63n - 1n) * nano;

/** Billionths per suffix. */
const suffixes: Record<string, bigint> = {
    "n": 1n, "u": 10n ** 3n, "m": 10n ** 6n, "": nano,
    "k": nano * 10n ** 3n, "M": nano * 10n ** 6n, "G": nano * 10n ** 9n,
    "T": nano * 10n ** 12n, "P": nano * 10n ** 15n, "E": nano * 10n ** 18n,
    "Ki": nano << 10n, "Mi": nano << 20n, "Gi": nano << 30n, "Ti": nano << 40n, "Pi": nano << 50n, "Ei": nano << 60n,
};

/** The quantity in billionths, or undefined if the text isn't one. Smaller parts are rounded up, as in Kubernetes. */
export function parseQuantity(text: string): bigint | undefined {
    const match = pattern.exec(text);
    if (!match) {
        return undefined;
    }
    const [whole, fraction = ""] = match[1].split(".");
    const exponent = BigInt(match[3] ?? 0);
    const scale = suffixes[match[2] ?? ""] * (exponent > 0n ? 10n ** exponent : 1n);
    const divisor = 10n ** (BigInt(fraction.length) + (exponent < 0n ? -exponent : 0n));
    const value = (BigInt(whole + fraction) * scale + divisor - 1n) / divisor;
    return value > largest ? undefined : value;
}

/** Whether the text is a Kubernetes quantity. Signs aren't accepted because no setting can be negative. */
export function isQuantity(text: string): boolean {
    return parseQuantity(text) !== undefined;
}

/** The quantity in billionths, for text that the schema has accepted. */
export function quantity(text: string): bigint {
    const value = parseQuantity(text);
    if (value === undefined) {
        throw new RangeError(`"${text}" is not a Kubernetes quantity such as 250m, 0.5 or 4Gi`);
    }
    return value;
}

/** Less than, equal to or greater than zero, as `left` is less than, equal to or greater than `right`. */
export function compareQuantities(left: string, right: string): number {
    const difference = quantity(left) - quantity(right);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Formats a quantity with the largest suffix that leaves a whole number: `3Gi`, `2750m`, `12`. */
export function formatQuantity(value: bigint): string {
    if (value === 0n) {
        return "0";
    }
    const order = ["Ei", "Pi", "Ti", "Gi", "Mi", "Ki", "", "m", "u", "n"];
    const suffix = order.find(candidate => value % suffixes[candidate] === 0n) ?? "n";
    return `${value / suffixes[suffix]}${suffix}`;
}

/** The quantity in mebibytes, rounded down. */
export function mebibytes(text: string): number {
    return Number(quantity(text) / suffixes.Mi);
}
