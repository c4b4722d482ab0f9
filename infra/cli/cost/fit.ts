import type { Machine, Quantity } from "./model";
import type { Requests } from "./stack";

/** Machines of one kind on which pods have room. */
export interface Fit {
    type: string;
    machine: Machine;
    count: Quantity;
}

/** The least that the requests need: as many machines as they fill, of the kind that is then cheapest at rest. */
export function cheapestFit(machines: Record<string, Machine>, requests: Requests): Fit {
    const fits = Object.entries(machines).map(([type, machine]) => {
        const count = { rest: countOf(machine, requests, "rest"), spike: countOf(machine, requests, "spike") };
        return { type, machine, count };
    });
    return fits.reduce((best, fit) => costOf(fit) < costOf(best) ? fit : best);
}

function countOf({ cpu, memory }: Machine, requests: Requests, state: keyof Quantity): number {
    return Math.ceil(Math.max(requests.cpu[state] / cpu, requests.memory[state] / memory));
}

function costOf({ machine, count }: Fit): number {
    return machine.price.usd * count.rest;
}
