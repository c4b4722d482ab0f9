import ipaddr from "ipaddr.js";

const { IPv4 } = ipaddr;

/** All addresses from the first to the last, as numbers. */
interface AddressRange {
    first: number;
    last: number;
}

/** All addresses with the same first `prefix` bits. */
export interface Network extends AddressRange {
    prefix: number;
}

/** Whether the text is an address that all programs read alike: four decimal numbers without leading zeros. */
export function isAddress(text: string): boolean {
    return IPv4.isValidFourPartDecimal(text);
}

/** Whether the address is only valid in one network or on one computer. */
export function isPrivateAddress(address: string): boolean {
    return ["private", "carrierGradeNat", "loopback", "linkLocal"].includes(IPv4.parse(address).range());
}

/** Parses a network such as `10.244.0.0/16`. Undefined if it isn't one, or if bits after the prefix are set. */
export function parseNetwork(text: string): Network | undefined {
    const [address, length] = text.split("/");
    if (!IPv4.isValidCIDRFourPartDecimal(text) || networkOf(address, Number(length)) !== text) return undefined;
    return {
        first: numberOf(address), last: numberOf(IPv4.broadcastAddressFromCIDR(text).toString()), prefix: Number(length),
    };
}

/** Parses an address, a range such as `192.0.2.100-192.0.2.110` or a network such as `192.0.2.96/28`; else undefined. */
export function parseRange(text: string): AddressRange | undefined {
    const ends = text.split("-");
    if (ends.length > 2 || !ends.every(isAddress)) return parseNetwork(text);
    const range = { first: numberOf(ends[0]), last: numberOf(ends[ends.length - 1]) };
    return range.first <= range.last ? range : undefined;
}

/** The network with that prefix length that contains the address. @example networkOf("10.1.2.3", 16) // "10.1.0.0/16" */
export function networkOf(address: string, prefix: number): string {
    return `${IPv4.networkAddressFromCIDR(`${address}/${prefix}`).toString()}/${prefix}`;
}

/** Number of addresses in a network with this prefix length. */
export function networkSize(prefix: number): number {
    return 2 ** (32 - prefix);
}

/** Whether two ranges share an address. */
export function rangesOverlap(left: AddressRange, right: AddressRange): boolean {
    return left.first <= right.last && right.first <= left.last;
}

/**
 * Splits a network into `count` networks with the given prefix length, starting `offset` addresses after its first.
 * @example splitNetwork("10.0.0.0/16", 20, 2) // ["10.0.0.0/20", "10.0.16.0/20"]
 * @throws RangeError if they don't fit
 */
export function splitNetwork(network: string, prefix: number, count: number, offset = 0): string[] {
    const [address, length] = network.split("/");
    const size = networkSize(prefix);
    if (offset + count * size > networkSize(Number(length))) {
        throw new RangeError(`${network} has no room for ${count} networks of /${prefix}.`);
    }
    return Array.from({ length: count }, (_, index) => `${addressOf(numberOf(address) + offset + index * size)}/${prefix}`);
}

/** The first address of a pool, without those ending with 0 or 255, which aren't assigned. Undefined if there is none. */
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
