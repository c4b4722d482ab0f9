import ipaddr from "ipaddr.js";

const { IPv4 } = ipaddr;

/** All addresses from the first to the last, as numbers. */
export interface AddressRange {
    first: number;
    last: number;
}

/** All addresses that have the first `prefix` bits in common. */
export interface Network extends AddressRange {
    prefix: number;
}

/** Whether the text is an address as all programs read it: four decimal numbers without leading zeros. */
export function isAddress(text: string): boolean {
    return IPv4.isValidFourPartDecimal(text);
}

/** Whether the address means something in one network or on one computer only. */
export function isPrivateAddress(address: string): boolean {
    return ["private", "carrierGradeNat", "loopback", "linkLocal"].includes(IPv4.parse(address).range());
}

/** The network written as `10.244.0.0/16`; undefined where it is none, or where bits beyond the prefix are set. */
export function parseNetwork(text: string): Network | undefined {
    const [address, length] = text.split("/");
    if (!IPv4.isValidCIDRFourPartDecimal(text) || networkOf(address, Number(length)) !== text) return undefined;
    return {
        first: numberOf(address), last: numberOf(IPv4.broadcastAddressFromCIDR(text).toString()), prefix: Number(length),
    };
}

/** An address, a range such as `192.0.2.100-192.0.2.110` or a network such as `192.0.2.96/28`; else undefined. */
export function parseRange(text: string): AddressRange | undefined {
    const ends = text.split("-");
    if (ends.length > 2 || !ends.every(isAddress)) return parseNetwork(text);
    const range = { first: numberOf(ends[0]), last: numberOf(ends[ends.length - 1]) };
    return range.first <= range.last ? range : undefined;
}

/** The network of that length which holds the address. @example networkOf("10.1.2.3", 16) // "10.1.0.0/16" */
export function networkOf(address: string, prefix: number): string {
    return `${IPv4.networkAddressFromCIDR(`${address}/${prefix}`).toString()}/${prefix}`;
}

/** How many addresses a network of this prefix has. */
export function networkSize(prefix: number): number {
    return 2 ** (32 - prefix);
}

/** Whether the two have an address in common. */
export function rangesOverlap(left: AddressRange, right: AddressRange): boolean {
    return left.first <= right.last && right.first <= left.last;
}

/**
 * Cuts a network into `count` networks of the given prefix length, from its beginning or `offset` addresses behind it.
 * @example splitNetwork("10.0.0.0/16", 20, 2) // ["10.0.0.0/20", "10.0.16.0/20"]
 * @throws RangeError where they don't fit
 */
export function splitNetwork(network: string, prefix: number, count: number, offset = 0): string[] {
    const [address, length] = network.split("/");
    const size = networkSize(prefix);
    if (offset + count * size > networkSize(Number(length))) {
        throw new RangeError(`${network} has no room for ${count} networks of /${prefix}.`);
    }
    return Array.from({ length: count }, (_, index) => `${addressOf(numberOf(address) + offset + index * size)}/${prefix}`);
}

/** The pool's first address that doesn't end with 0 or 255, as those two are not handed out; undefined without one. */
export function firstAddress(pool: string[]): string | undefined {
    const ranges = pool.map(parseRange).filter(range => range !== undefined);
    const first = ranges.flatMap(({ first, last }) => [first, first + 1, first + 2].filter(address => address <= last))
        .find(address => address % 256 !== 0 && address % 256 !== 255);
    return first === undefined ? undefined : addressOf(first);
}

function numberOf(address: string): number {
    return IPv4.parse(address).octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function addressOf(number: number): string {
    return new IPv4([24, 16, 8, 0].map(shift => Math.floor(number / 2 ** shift) % 256)).toString();
}
