import { createHash } from "node:crypto";
import { isKnown, knownText } from "../../known-versions";
import type { PresentSoftware } from "../cluster";
import { type ClusterReader, type Finding, madeByText, namesText, type Problem } from "./reader";

const group = "gateway.networking.k8s.io";

/** What Contour watches and Landfall creates, by the version of the API in which they do. */
const needed: Record<string, string[]> = { v1: ["gatewayclasses", "gateways", "httproutes"], v1beta1: ["referencegrants"] };

/** The Gateway API's CRDs, if others installed them. */
export async function findGatewayApi(reader: ClusterReader): Promise<Finding<PresentSoftware>> {
    const names = Object.values(needed).flat().map(kind => `${kind}.${group}`);
    const found = await reader.definitions(names);
    const foreign = found.filter(object => reader.isForeign(object));
    // Among the stack's own, someone else's is in the way.
    if (foreign.length === 0 || found.some(object => reader.isListed(object))) return {};

    const versionOf = ({ metadata }: typeof found[number]): string =>
        metadata.annotations?.[`${group}/bundle-version`] ?? "of an unknown version";
    const versions = [...new Set(found.map(versionOf))];
    const title = `Gateway API ${versions.join(", ")} (${madeByText(foreign[0])})`;
    const known = knownText("gatewayApi");
    const problem = (text: string, way: string, passing = false): Finding<PresentSoftware> =>
        ({ problems: [{ problem: `${title} ${text}`, known, way, passing } satisfies Problem] });

    const missing = names.filter(name => found.every(({ metadata }) => metadata.name !== name));
    if (missing.length > 0) {
        return problem(`is incomplete: it lacks ${missing.join(", ")}`, "install all CRDs of one version, of either channel");
    }
    if (versions.length > 1) {
        const parts = versions.map(version => `${version} of ${namesText(found.filter(object => versionOf(object) === version))}`);
        return problem(`is mixed: ${parts.join("; ")}`, "install all CRDs of one version, of either channel");
    }
    const [version] = versions;
    if (!isKnown("gatewayApi", version)) {
        return problem("is none of the versions that Landfall knows", "install one of these versions, or choose another cluster");
    }
    const unserved = await Promise.all(Object.entries(needed).map(async ([apiVersion, kinds]) => {
        const served = await reader.served(`${group}/${apiVersion}`);
        return kinds.filter(kind => !served.includes(kind)).map(kind => `${kind} in ${apiVersion}`);
    }));
    if (unserved.flat().length > 0) {
        return problem(`doesn't serve ${unserved.flat().join(", ")}`, "install all CRDs of one version, of either channel", true);
    }
    return { present: { version, id: identify(found.map(({ metadata }) => metadata.uid)) } };
}

/** Identifies CRDs. They are others if they were deleted and made again, and then all objects of their kinds are gone. */
export function identify(uids: (string | undefined)[]): string {
    return createHash("sha256").update(uids.sort().join()).digest("hex").slice(0, 16);
}
