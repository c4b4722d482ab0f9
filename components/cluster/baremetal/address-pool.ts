/** IPv4 addresses as numbers, both ends included. */
export interface AddressRange {
    first: number;
    last: number;
}

/** An address, a range such as `192.0.2.100-192.0.2.110` or a network such as `192.0.2.96/28`; else undefined. */
export function parseRange(text: string): AddressRange | undefined {
    const [, from, to = from, length] = /^([\d.]+)(?:-([\d.]+)|\/(\d{1,2}))?$/.exec(text) ?? [];
    const [first, end] = [parseAddress(from), parseAddress(to)];
    const size = length === undefined ? 1 : 2 ** (32 - Number(length));
    if (first === undefined || end === undefined || end < first || size < 1 || first % size !== 0) return undefined;
    return { first, last: end + size - 1 };
}

/** Whether the two have an address in common. */
export function rangesOverlap(left: AddressRange, right: AddressRange): boolean {
    return left.first <= right.last && right.first <= left.last;
}

/** The pool's first address that doesn't end with 0 or 255, as those two are not handed out; undefined without one. */
export function firstAddress(pool: string[]): string | undefined {
    const first = pool.map(parseRange).filter(range => range !== undefined).flatMap(range =>
        [0, 1, 2].map(offset => range.first + offset).filter(address => address <= range.last),
    ).find(address => address % 256 !== 0 && address % 256 !== 255);
    return first === undefined ? undefined : [24, 16, 8, 0].map(shift => Math.floor(first / 2 ** shift) % 256).join(".");
}

function parseAddress(text = ""): number | undefined {
    const bytes = text.split(".");
    if (bytes.length !== 4 || !bytes.every(byte => /^(0|[1-9]\d{0,2})$/.test(byte) && Number(byte) < 256)) return undefined;
    return bytes.reduce((sum, byte) => sum * 256 + Number(byte), 0);
}
