import { compareQuantities } from "../quantity";
import { Refusal } from "../refusal";
import type { Stands } from "./compare";
import { minorOf, stepBetween } from "./version";

/** Something that exists, and what the program wants it to be. */
export interface Change {
    /** What a person calls it: a setting, or an argument of a component. @example "landfall:app.database.volume" */
    name: string;
    stands: Stands;
    wanted: unknown;
    /** Which changes are possible in place: a larger quantity, or the next minor version. @default none */
    possible?: "growth" | "upgrade";
    /** What to do instead. */
    way: string;
    /** Where the wanted value comes from, if nobody wrote it. */
    origin?: string;
}

/**
 * Stops the program, in a preview too, if any of the changes is impossible in place.
 * @throws Refusal that lists them all, each with what exists, what is wanted, and what to do instead
 */
export function refuseChanges(changes: Change[]): void {
    const problems = changes.flatMap(describeProblem);
    if (problems.length > 0) {
        throw new Refusal(["These changes are impossible in place. What exists is left as it is.", ...problems].join("\n\n"));
    }
}

function describeProblem({ name, stands: { value, fixed }, wanted, possible, way, origin }: Change): string[] {
    const more = possible === "growth" ? compareQuantities(String(wanted), String(value)) : undefined;
    const step = possible === "upgrade" ? stepBetween(String(value), String(wanted)) : undefined;
    const isPossible = more !== undefined ? more === 0 || (more > 0 && fixed === undefined)
        : step !== undefined ? step === "none" || step === "up" : value === wanted;
    if (isPossible) return [];
    return [[
        `${name} can't be changed in place`,
        `    exists: ${text(value)}${more !== undefined && more > 0 ? `, and ${fixed}` : ""}`,
        `    given:  ${text(wanted)}${origin === undefined || wanted === undefined ? "" : ` (${origin})`}`,
        `    way:    ${step === "skip" ? nextMinor(String(value)) : way}.`,
    ].join("\n")];
}

function nextMinor(version: string): string {
    return `Kubernetes goes up one minor version at a time: take v1.${minorOf(version) + 1} first, and then go on`;
}

function text(value: unknown): string {
    return value === undefined ? "nothing" : String(value);
}
