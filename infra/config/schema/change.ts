/**
 * What changing a setting does to an existing stack. On an object, it applies to all keys in it that don't have their
 * own.
 */
export type Change =
    | `in place${string}`
    /** Names what is replaced, and what happens to its data. */
    | `replaces ${string}`
    /** Used once, at creation: says where to change it afterwards. */
    | `no effect: ${string}`
    /** Refused in the preview: says what to do instead. */
    | `refused: ${string}`
    /** Can grow in place. A smaller value is refused: says what to do instead. */
    | `grows: ${string}`
    /** Can be upgraded in place, one minor version at a time. An older version is refused: says what to do instead. */
    | `upgrades: ${string}`
    /** Machines can be added and removed in place, unless pods would lose volumes on a machine's own disk. */
    | `spreads: ${string}`;

declare module "zod" {
    interface GlobalMeta {
        change?: Change;
        /** False if two stacks may differ in it and still run the same: it belongs to a place, or the images contain it. */
        shared?: boolean;
        /** What an example of the key also needs; of an object, what one of any of its keys needs. */
        beside?: Record<string, unknown>;
        /** A word that may stand in place of an object. */
        word?: string;
        /** Keys beside it that its example can't have. */
        instead?: string[];
    }
}

/** A refused change; `way` says what to do instead. */
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

/** Which changes of these kinds are possible in place. */
const limits = {
    grows: "in place if it grows and its class can; else refused",
    spreads: "in place, node by node. Refused: several machines instead of one, while the site's volumes are on its own disk; and "
        + "removing a machine that answers, while it has volumes on its own disk",
    upgrades: "in place, node by node, one minor version at a time; an older one is refused",
};

const refusable = new RegExp(`^(refused|${Object.keys(limits).join("|")}): (.*)$`, "s");

/** The change as the reference shows it. */
export function changeText(change: Change | undefined): string {
    const [, kind, way] = refusable.exec(change ?? "") ?? [];
    return kind in limits ? `${limits[kind as keyof typeof limits]}: ${way}` : change ?? "";
}

/** What to do instead if a change may be refused; undefined if it never is. */
export function wayOf(change: Change | undefined): string | undefined {
    return refusable.exec(change ?? "")?.[2];
}
