import { quantity } from "./config/quantity";

const mebibyte = quantity("1Mi");

/** How many requests a web pod serves at once: 32 MiB each, beside 128 MiB for Apache itself and the code in memory. */
export function webWorkers(memoryLimit: string): number {
    const fitting = (Number(quantity(memoryLimit) / mebibyte) - 128) / 32;
    return Math.max(1, Math.floor(fitting));
}

/** The database's memory for data pages: three eighths of its limit, in the unit that MariaDB reads. */
export function bufferPool(memoryLimit: string): string {
    return `${Math.max(8, Math.floor(Number(quantity(memoryLimit) / mebibyte) * 3 / 8))}M`;
}
