import * as pulumi from "@pulumi/pulumi";
import { lookingAtNothing } from "../components/cluster/lookup";
import { readStackOutputs } from "../components/stack-outputs";
import type { Cluster } from "../components/cluster/cluster";
import { ContainerImage } from "../components/workload";
import type { Promotion } from "./config";
import { isContent } from "./config/sections/promotion";

/** The promotion that a run applies: the settings' own, else the one of the last run. Undefined if images are built. */
export async function promotionOf(given: Promotion | undefined): Promise<Promotion | undefined> {
    if (given !== undefined) return Object.keys(given.images).length > 0 ? given : undefined;
    if (lookingAtNothing()) return undefined;
    const { promotion } = await readStackOutputs();
    const kept = promotion as Promotion | undefined;
    if (kept) void pulumi.log.info(`The images are those that were promoted${kept.from ? ` from ${kept.from}` : ""}. This directory's aren't built: infra/guides/promote.md`);
    return kept;
}

/** A promoted image's reference for pods; undefined if the part isn't promoted. */
export function promotedImage(
    part: string, promotion: Promotion | undefined, cluster: Cluster, parent: pulumi.Resource,
): pulumi.Input<string> | undefined {
    const given = promotion?.images[part];
    if (given === undefined || !isContent(given)) return given;
    return new ContainerImage(part, { cluster, content: given }, { parent }).reference;
}
