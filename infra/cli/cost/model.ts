import type { Registered } from "../capture";
import type { Stack } from "./stack";

/** The hours of a month, as the clouds' own calculators have them. */
export const hoursPerMonth = 730;

/** A price of the provider's public list: for pay as you go, without tax and discounts. */
export interface Price {
    /** In US dollars. */
    usd: number;
    /** The time that it is for; `use` is for what has no duration, such as traffic. */
    per: "hour" | "day" | "month" | "use";
    /** What it is for one of. @example "GiB" */
    unit: string;
    /** The provider's page that states it. */
    source: string;
    /**
     * Date of the copy of the provider's prices, or of the page citing them, that it was found in; left out where it was
     * entered from knowledge.
     */
    seen?: string;
}

/** A kind of machine that nodes can be. */
export interface Machine {
    price: Price;
    cpu: number;
    /** In GiB. */
    memory: number;
}

/** How many there are at rest, and at the height of a spike. */
export interface Quantity {
    rest: number;
    spike: number;
}

/** A line of the bill. */
export interface Item {
    what: string;
    quantity: Quantity;
    price: Price;
}

/** What bills and has no price here. */
export interface Gap {
    what: string;
    /** What to do about it, and in which file. */
    missing: string;
}

export type Line = Item | Gap;

export function isGap(line: Line): line is Gap {
    return "missing" in line;
}

/** What bills by how much it is used, which nobody knows before. */
export interface UseCharge {
    what: string;
    price: Price;
}

/** What one of the clouds bills for. */
export interface Cloud {
    name: string;
    /** How the types of its resources begin. @example "aws:" */
    prefix: string;
    /** The region that the prices are of. */
    region: string;
    /** The file of its prices. */
    file: string;
    /** The region of the stack's own resources. */
    regionOf(stack: Stack): string | undefined;
    /** Types that bill as long as they exist. */
    billed: Record<string, (resource: Registered, stack: Stack) => Line[]>;
    /** What the cluster's volumes, load balancers and pods bill. */
    inCluster(stack: Stack): Line[];
    /** Types that bill by use alone. */
    byUse: Record<string, UseCharge[]>;
    /** What bills by use with whatever the stack is made of. */
    always: UseCharge[];
    /** Types that cost nothing, or that are counted with another. */
    free: string[];
}

/** The same number at all times. */
export function steady(count: number): Quantity {
    return { rest: count, spike: count };
}

/** So many of each. */
export function times({ rest, spike }: Quantity, factor: number): Quantity {
    return { rest: rest * factor, spike: spike * factor };
}

/** What an item costs by the hour. */
export function perHour({ price, quantity }: Item): Quantity {
    if (price.per === "use") throw new Error(`${price.unit}: a price by use has no hour`);
    const usd = price.usd / { hour: 1, day: 24, month: hoursPerMonth }[price.per];
    return times(quantity, usd);
}
