import * as pulumi from "@pulumi/pulumi";
import type { Stands } from "../../components/cluster";
import { refuseChanges as refuseImpossible } from "../../components/cluster/changes";
import { wayOf } from "./change";
import { changeOf, describeSettings } from "./describe";
import { keyText, valueAt } from "./errors";

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
    settings: { cluster: { target: string } }, standing: Record<string, Stands>, wanted: Record<string, unknown>,
): void {
    const { target } = settings.cluster;
    refuseImpossible(Object.entries(standing).map(([key, stands]) => {
        const given = valueAt(settings, key.split("."));
        return {
            ...describeChange(key, target), stands, wanted: wanted[key],
            ...(given === undefined && { origin: "which follows from other settings" }),
        };
    }));
}

/** What the schema says about changing a key: its name in messages, the possible changes, and what to do instead. */
export function describeChange(key: string, target: string): { name: string; way: string; possible?: "growth" | "upgrade" } {
    const keys = key.split(".");
    const change = changeOf(describeSettings({ stack: pulumi.getStack(), target }), keys, target);
    const way = wayOf(change);
    if (way === undefined) throw new Error(`${key} is compared with what exists, but the schema never refuses its change`);
    const possible = change?.startsWith("grows:") ? "growth" : change?.startsWith("upgrades:") ? "upgrade" : undefined;
    return { name: keyText(keys), way, possible };
}
