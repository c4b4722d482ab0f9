/** An IPv4 network: its first address as a number, and the length of its prefix. */
export interface Ipv4Network {
    first: number;
    prefix: number;
}

const pattern = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

/** The network written as `10.244.0.0/16`; undefined where it is none, or where bits beyond the prefix are set. */
export function parseNetwork(text: string): Ipv4Network | undefined {
    const match = pattern.exec(text);
    if (!match || match.slice(1).some(part => part.length > 1 && part.startsWith("0"))) {
        return undefined;
    }
    const [a, b, c, d, prefix] = match.slice(1).map(Number);
    if ([a, b, c, d].some(byte => byte > 255) || prefix > 32) {
        return undefined;
    }
    const first = ((a * 256 + b) * 256 + c) * 256 + d;
    return first % networkSize(prefix) === 0 ? { first, prefix } : undefined;
}

/** How many addresses a network of this prefix has. */
export function networkSize(prefix: number): number {
    return 2 ** (32 - prefix);
}

/** Whether the two share an address. */
export function networksOverlap(left: Ipv4Network, right: Ipv4Network): boolean {
    return left.first < right.first + networkSize(right.prefix) && right.first < left.first + networkSize(left.prefix);
}
