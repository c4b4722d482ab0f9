import * as pulumi from "@pulumi/pulumi";
import { type Change, refuseChanges } from "../cluster/changes";
import type { VolumeProperty } from "../cluster/compare";
import { lookingAtNothing } from "../cluster/lookup";
import { compareFirst, describeVolumeOf } from "../cluster/provider";
import { compareQuantities } from "../quantity";
import { readEnvironment, type StandingEnvironment } from "./standing";
import type { VolumePlace } from "./volume";

/** A volume as the program wants it. */
interface WantedVolume {
    /** Name of its claim. */
    name: string;
    /** The workload that it belongs to. */
    owner: string;
    size: pulumi.Input<string>;
    accessMode: string;
    /** Undefined for the cluster's default class. */
    storageClass?: string;
}

/**
 * The size of a volume, known once it is certain that an existing volume can get it. A smaller size, a larger one
 * if the class can't grow a volume, another class or another access mode stops the program, in a preview too. A plain value is
 * checked before any object is registered, an output before the claim is.
 */
export function possibleSize(place: VolumePlace, volume: WantedVolume): pulumi.Input<string> {
    const { provider, kubeconfig } = place.cluster;
    const { size } = volume;
    const compare = (kubeconfig: string, size: string) => readChanges(place, { ...volume, size }, kubeconfig);
    if (typeof size === "string" && compareFirst(provider, text => compare(text, size))) return size;
    if (lookingAtNothing()) return size;
    return pulumi.unsecret(pulumi.all([size, kubeconfig]).apply(async ([value, text]) => {
        refuseChanges(await compare(text, value));
        return value;
    }));
}

const way = 'Keep it, or back the data up, destroy the environment with `volumes: "delete"`, and create it again';

const defaultNames: Record<VolumeProperty, string> = {
    size: "The size", storageClass: "The StorageClass", accessMode: "The access mode",
};

async function readChanges(
    place: VolumePlace, wanted: WantedVolume & { size: string }, kubeconfig: string,
): Promise<Change[]> {
    const { volumes } = await readOnce(place, kubeconfig);
    const found = volumes.find(({ name }) => name === wanted.name);
    if (found === undefined) return [];
    const { size, capacity = size, fixed } = found;
    const describe = describeVolumeOf(place.cluster.provider)
        ?? ((_, property) => ({ name: `${defaultNames[property]} of the volume "${wanted.name}"`, way }));
    // A claim that never got all that it requested may request less, down to what it has.
    const isKept = compareQuantities(wanted.size, size) === 0;
    const least = !isKept && compareQuantities(capacity, size) < 0 ? capacity : size;
    return [
        { ...describe(wanted.owner, "size", wanted.name), stands: { value: least, fixed }, wanted: wanted.size, possible: "growth" },
        { ...describe(wanted.owner, "storageClass", wanted.name), stands: { value: found.storageClass }, wanted: wanted.storageClass },
        // Not every workload has a setting for it.
        ...found.accessMode === wanted.accessMode ? []
            : [{ ...describe(wanted.owner, "accessMode", wanted.name), stands: { value: found.accessMode }, wanted: wanted.accessMode }],
    ];
}

const read = new WeakMap<VolumePlace, Promise<StandingEnvironment>>();

/** What exists in a place; all its volumes share one reading. */
function readOnce(place: VolumePlace, kubeconfig: string): Promise<StandingEnvironment> {
    const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
    const reading = read.get(place) ?? readEnvironment(kubeconfig, place.namespaceName, stack);
    read.set(place, reading);
    return reading;
}
