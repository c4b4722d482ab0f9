import { UserError } from "../user-error";
import { describe } from "./events";

/** As much of a resource in an engine's state as tells whether it holds data. */
export interface StoredResource {
    urn: string;
    type: string;
    inputs?: Record<string, unknown>;
    dependencies?: string[];
    deletedWith?: string;
    protect?: boolean;
}

/**
 * The resources that a `down --keep-data` leaves, so that the next start finds the data as it was: the directory of
 * the volumes, the claims in a cluster that stays (with what they depend on, such as their namespace), and the
 * generated passwords, without which a kept database lets nobody in.
 */
export function resourcesToKeep(resources: readonly StoredResource[]): Set<string> {
    const byUrn = new Map(resources.map(resource => [resource.urn, resource]));
    const kept = new Set<string>();
    const keep = (urn: string): void => {
        const resource = byUrn.get(urn);
        if (!resource || kept.has(urn)) return;
        kept.add(urn);
        resource.dependencies?.forEach(keep);
    };
    resources.filter(holdsData).forEach(({ urn }) => keep(urn));
    return kept;
}

function holdsData({ type, inputs, deletedWith }: StoredResource): boolean {
    if (type.startsWith("random:")) return true;
    if (type === "kubernetes:core/v1:PersistentVolumeClaim") return !deletedWith;
    return type === "command:local:Command" && String(inputs?.delete ?? "").endsWith("/delete-volumes.mjs");
}

/** Pulumi meets a protected resource only when all that depends on it is gone: so it is looked for first. */
export function refuseProtected(resources: readonly StoredResource[]): void {
    const found = resources.find(({ protect }) => protect);
    if (!found) return;
    throw new UserError(
        `${describe(found.urn)} is protected from deletion. If it is to go, set ` +
            "landfall:cluster.deletionProtection to false, apply that (npm start, or pulumi up), and run the command " +
            "again. Nothing was changed.",
    );
}
