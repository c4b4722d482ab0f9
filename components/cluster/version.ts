import * as pulumi from "@pulumi/pulumi";

/**
 * Compares two Kubernetes versions, with or without a patch number. `up` is an upgrade that Kubernetes supports, `skip`
 * leaves out a minor version, and `back` is a downgrade.
 * @example stepBetween("v1.35.3-gke.1000", "1.36") // "up"
 */
export function stepBetween(current: string, wanted: string): "none" | "up" | "skip" | "back" {
    const [from, to] = [parse(current), parse(wanted)];
    const minors = to.minor - from.minor;
    if (minors !== 0) return minors < 0 ? "back" : minors === 1 ? "up" : "skip";
    const patches = (to.patch ?? 0) - (from.patch ?? 0);
    if (to.patch === undefined || from.patch === undefined || patches === 0) return "none";
    return patches < 0 ? "back" : "up";
}

/** The minor version of `1.35`, `v1.35.3` or `1.35.3-gke.1000`. */
export function minorOf(version: string): number {
    return parse(version).minor;
}

function parse(version: string): { minor: number; patch?: number } {
    const [, minor, patch] = /^v?1\.(\d+)(?:\.(\d+))?/.exec(version) ?? [];
    if (minor === undefined) throw new pulumi.RunError(`"${version}" is not a version of Kubernetes such as 1.36.`);
    return { minor: Number(minor), ...(patch !== undefined && { patch: Number(patch) }) };
}
