/**
 * What a change of a setting does to a stack that stands. Said of an object, it holds for all keys in it that don't say
 * it themselves.
 */
export type Change =
    | `in place${string}`
    /** Names what is replaced, and what becomes of its data. */
    | `replaces ${string}`
    /** Used once, when the thing is made: says where it is changed afterwards. */
    | `no effect: ${string}`
    /** Refused in the preview: says the way to do it. */
    | `refused: ${string}`
    /** More of it may be had in place; less is refused, with the way to do it. */
    | `grows: ${string}`
    /** A newer version may be had in place, one minor version at a time; an older one is refused, with the way to do it. */
    | `upgrades: ${string}`
    /** Machines come and go in place, except where pods would lose volumes that a machine has on its own disk. */
    | `spreads: ${string}`;

declare module "zod" {
    interface GlobalMeta {
        change?: Change;
        /** Of an object: what an example of one of its keys needs beside it. */
        beside?: Record<string, unknown>;
    }
}

/** A change that is refused; `way` completes it. */
export function refused(way: string): Change {
    return `refused: ${way}`;
}

export function upgrades(way: string): Change {
    return `upgrades: ${way}`;
}

export function spreads(way: string): Change {
    return `spreads: ${way}`;
}

export const move = "Keep it, or back the data up, destroy the stack with `landfall:environment.volumes` delete, and create it again";

/** A claim's class and access mode are fixed; Pulumi would replace the claim and delete its data. */
export const otherVolume: Change = refused(`a volume can't change it. ${move}`);
export const largerVolume: Change = `grows: no volume shrinks, and not every class can grow one. ${move}`;

/** What may be had in place of a change that is refused else. */
const limits = {
    grows: "in place if it grows and its class can; else refused",
    spreads: "in place, node by node. Refused: several machines instead of one, while the site's volumes are on its own disk; and "
        + "removing a machine that answers, while it has volumes on its own disk",
    upgrades: "in place, node by node, one minor version at a time; an older one is refused",
};

const refusable = new RegExp(`^(refused|${Object.keys(limits).join("|")}): (.*)$`, "s");

/** The answer as people read it. */
export function changeText(change: Change | undefined): string {
    const [, kind, way] = refusable.exec(change ?? "") ?? [];
    return kind in limits ? `${limits[kind as keyof typeof limits]}: ${way}` : change ?? "";
}

/** What to do instead, where a change may be refused; undefined where it never is. */
export function wayOf(change: Change | undefined): string | undefined {
    return refusable.exec(change ?? "")?.[2];
}
