import type { Machine, Price } from "../model";

/** Makes the prices of one page of a provider. @param seen the date of the copy that they were found in, if they were */
export function page(source: string, seen?: string) {
    const price = (usd: number, per: Price["per"], unit: string): Price => ({ usd, per, unit, source, seen });
    return {
        hourly: (usd: number, unit: string) => price(usd, "hour", unit),
        daily: (usd: number, unit: string) => price(usd, "day", unit),
        monthly: (usd: number, unit: string) => price(usd, "month", unit),
        byUse: (usd: number, unit: string) => price(usd, "use", unit),
        /** Machines as their price by the hour, number of processors and GiB of memory. */
        machines: (entries: Record<string, [number, number, number]>): Record<string, Machine> => Object.fromEntries(
            Object.entries(entries).map(([type, [usd, cpu, memory]]) =>
                [type, { price: price(usd, "hour", "node"), cpu, memory }])),
    };
}
