/**
 * Cuts an IPv4 network into `count` networks of the given prefix length, from its beginning.
 * @example splitNetwork("10.0.0.0/16", 20, 2) // ["10.0.0.0/20", "10.0.16.0/20"]
 * @throws RangeError where they don't fit
 */
export function splitNetwork(network: string, prefix: number, count: number, offset = 0): string[] {
    const [address, length] = network.split("/");
    const first = address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
    const size = 2 ** (32 - prefix);
    if (offset + count * size > 2 ** (32 - Number(length))) {
        throw new RangeError(`${network} has no room for ${count} networks of /${prefix}.`);
    }
    return Array.from({ length: count }, (_, index) => `${dotted(first + offset + index * size)}/${prefix}`);
}

function dotted(address: number): string {
    return [24, 16, 8, 0].map(shift => Math.floor(address / 2 ** shift) % 256).join(".");
}
