import * as pulumi from "@pulumi/pulumi";
import type { Stands } from "../../components/cluster";
import { minorOf, stepBetween } from "../../components/cluster/version";
import { Refusal } from "../../components/refusal";
import { wayOf } from "./change";
import { changeOf, describeSettings } from "./describe";
import { keyText, valueAt } from "./errors";
import { compareQuantities } from "../../components/quantity";

/** As `refuseChanges` for the cluster's own settings, by their names below the section. */
export function refuseClusterChanges(
    cluster: { target: string }, standing: Record<string, Stands>, wanted: Record<string, unknown>,
): void {
    const below = <T>(values: Record<string, T>) =>
        Object.fromEntries(Object.entries(values).map(([key, value]) => [`cluster.${key}`, value]));
    refuseChanges({ cluster }, below(standing), below(wanted));
}

/**
 * Stops the program, before any resource is registered, where what stands can't become what is wanted: what may change
 * is the schema's answer. Both go by full keys such as `cluster.podSubnet`.
 * @throws Refusal that names all such keys with what stands, what was given and the way
 */
export function refuseChanges(
    settings: { cluster: { target: string } }, standing: Record<string, Stands>, wanted: Record<string, unknown>,
): void {
    const { target } = settings.cluster;
    const described = describeSettings({ stack: pulumi.getStack(), target });
    const problems = Object.entries(standing).flatMap(([key, { value, fixed }]) => {
        const keys = key.split(".");
        const change = changeOf(described, keys, target);
        const way = wayOf(change);
        if (way === undefined) throw new Error(`${key} is compared with what stands, but the schema never refuses its change`);
        const more = change?.startsWith("grows:") ? compareQuantities(String(wanted[key]), String(value)) : undefined;
        const step = change?.startsWith("upgrades:") ? stepBetween(String(value), String(wanted[key])) : undefined;
        const stays = more !== undefined ? more === 0 || (more > 0 && fixed === undefined)
            : step !== undefined ? step === "none" || step === "up" : value === wanted[key];
        if (stays) return [];
        const given = valueAt(settings, keys) === undefined ? " (which follows from other settings)" : "";
        return [[
            `${keyText(keys)} can't be changed in place`,
            `    stands: ${text(value)}${more !== undefined && more > 0 ? `, and ${fixed}` : ""}`,
            `    given:  ${text(wanted[key])}${wanted[key] === undefined ? "" : given}`,
            `    way:    ${step === "skip" ? nextMinor(String(value)) : way}.`,
        ].join("\n")];
    });
    if (problems.length > 0) {
        throw new Refusal(["What stands can't become what the settings say, and is left as it is.", ...problems].join("\n\n"));
    }
}

function nextMinor(version: string): string {
    return `Kubernetes goes up one minor version at a time: take v1.${minorOf(version) + 1} first, and then go on`;
}

function text(value: unknown): string {
    return value === undefined ? "nothing" : String(value);
}
