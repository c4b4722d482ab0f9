import * as pulumi from "@pulumi/pulumi";
import type { Stands } from "../../../components/cluster";
import { refuseChanges as refuseImpossible } from "../../../components/cluster/changes";
import { wayOf } from "../schema/change";
import type { Context } from "../schema/defaults";
import { changeOf, describeSettings } from "../schema/describe";
import { keyText, valueAt } from ".";

/** Like `refuseChanges`, for the cluster's settings, named without their section. */
export function refuseClusterChanges(
    cluster: { target: string }, standing: Record<string, Stands>, wanted: Record<string, unknown>,
): void {
    const below = <T>(values: Record<string, T>) =>
        Object.fromEntries(Object.entries(values).map(([key, value]) => [`cluster.${key}`, value]));
    refuseChanges({ cluster }, below(standing), below(wanted));
}

/**
 * Stops the program if what exists can't become what is wanted. The schema says which changes are possible. Both records use
 * full keys, for example `cluster.podSubnet`.
 * @throws Refusal
 */
export function refuseChanges(
    settings: Described, standing: Record<string, Stands>, wanted: Record<string, unknown>,
): void {
    const context = contextOf(settings);
    refuseImpossible(Object.entries(standing).map(([key, stands]) => {
        const given = valueAt(settings, key.split("."));
        return {
            ...describeChange(key, context), stands, wanted: wanted[key],
            ...(given === undefined && { origin: "which follows from other settings" }),
        };
    }));
}

/** What the descriptions of settings depend on. */
interface Described {
    cluster: { target: string };
    app?: { type: string };
}

export function contextOf({ cluster: { target }, app }: Described): Context {
    return { stack: pulumi.getStack(), target, app: app?.type === "services" ? "services" : undefined };
}

/** What the schema says about changing a key: its name in messages, the possible changes, and what to do instead. */
export function describeChange(key: string, context: Context): { name: string; way: string; possible?: "growth" | "upgrade" } {
    // A path, which may have dots, is one key.
    const keys = key.match(/[^./]+|\/.*(?=\.)/g) ?? [];
    const change = changeOf(describeSettings(context), keys, context.target);
    const way = wayOf(change);
    if (way === undefined) throw new Error(`${key} is compared with what exists, but the schema never refuses its change`);
    const possible = change?.startsWith("grows:") ? "growth" : change?.startsWith("upgrades:") ? "upgrade" : undefined;
    return { name: keyText(keys), way, possible };
}
