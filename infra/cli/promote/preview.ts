import type { PlannedChange } from "../engine/engine";
import { describe } from "../engine/events";

const signs: Record<string, string> = {
    create: "+", update: "~", delete: "-", replace: "±", "create-replacement": "±", "delete-replaced": "±",
};
/** Resources whose replacement or deletion loses data. */
const holdsData = /:(PersistentVolumeClaim|PersistentVolume|StatefulSet|Namespace|Secret|RandomPassword)$/;

export function describeChange({ op, urn }: PlannedChange): string {
    return `${signs[op] ?? op} ${describe(urn)}`;
}

/** The changes for people, what endangers data first; each replacement once. */
export function describePlan(changes: readonly PlannedChange[]): string[] {
    const distinct = [...new Map(changes.map(change => [`${signs[change.op] ?? change.op} ${change.urn}`, change])).values()];
    const dangerous = distinct.filter(change => endangersData(change));
    const others = distinct.filter(change => !endangersData(change));
    return [
        ...dangerous.map(change => `! ${describeChange(change)}: holds data`),
        ...others.map(change => describeChange(change)),
    ];
}

/** Whether a change removes something that holds data. */
export function endangersData({ op, type }: PlannedChange): boolean {
    return !["create", "update"].includes(op) && holdsData.test(type);
}
