/**
 * Versions of software that others may have installed in a cluster and that Landfall then uses as it is: from the first to the
 * last minor version, both included. Any other is refused by name. Facts, from the projects' own files:
 *
 * - cert-manager: `nameConstraints` of Certificates is on by default since 1.17 (internal/controller/feature/features.go; in 1.16
 *   the webhook rejects it). `podTemplate` of the solver `gatewayHTTPRoute` has a security context in all of these versions, and
 *   resources since 1.19 (pkg/apis/acme/v1/types_issuer.go). All serve cert-manager.io/v1 and acme.cert-manager.io/v1. 1.21 is
 *   the version that Landfall installs.
 * - Gateway API: Contour 1.33 is built for 1.3 (go.mod), and reads GatewayClass, Gateway and HTTPRoute in v1, ReferenceGrant in
 *   v1beta1 (cmd/contour/serve.go). All of these versions serve them in both channels; the standard channel has an HTTPRoute's
 *   `timeouts` since 1.2 (config/crd). What is new in later versions isn't used. 1.6 is tried in a cluster, with 1.3 itself.
 * - metrics-server: all serve metrics.k8s.io/v1beta1; 0.6 is the oldest for a Kubernetes version that isn't years old (README.md).
 */
export const knownVersions = {
    certManager: { first: "v1.17", last: "v1.21" },
    gatewayApi: { first: "v1.2", last: "v1.6" },
    metricsServer: { first: "v0.6", last: "v0.9" },
};

export type KnownSoftware = keyof typeof knownVersions;

/** Whether a version lies in the known range. A version before a release, such as a beta, doesn't. */
export function isKnown(software: KnownSoftware, version: string): boolean {
    const found = minorOf(version);
    const { first, last } = knownVersions[software];
    return found !== undefined && !/-(alpha|beta|rc)\b/.test(version)
        && compare(found, minorOf(first)!) >= 0 && compare(found, minorOf(last)!) <= 0;
}

/** @example "v1.17 to v1.21" */
export function knownText(software: KnownSoftware): string {
    const { first, last } = knownVersions[software];
    return `${first} to ${last}`;
}

/** Whether a version's minor is at least this one. */
export function isAtLeast(version: string, least: string): boolean {
    const [found, wanted] = [minorOf(version), minorOf(least)];
    return found !== undefined && wanted !== undefined && compare(found, wanted) >= 0;
}

/** Whether two versions have the same minor. */
export function isSameMinor(one: string, other: string): boolean {
    const [left, right] = [minorOf(one), minorOf(other)];
    return left !== undefined && right !== undefined && compare(left, right) === 0;
}

type Minor = [major: number, minor: number];

/** The first two numbers; what clouds append doesn't count. @example "v0.8.0-gke.3" */
function minorOf(version: string): Minor | undefined {
    const [, major, minor] = /^v?(\d+)\.(\d+)(?:\.\d+)?(?:[-+].*)?$/.exec(version) ?? [];
    return major === undefined ? undefined : [Number(major), Number(minor)];
}

function compare(left: Minor, right: Minor): number {
    return left[0] - right[0] || left[1] - right[1];
}
