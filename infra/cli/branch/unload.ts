import { send } from "../../../components/cluster/kubernetes-api";
import { findPlatform } from "../../../components/platform";
import { libraryScript, nodeArguments } from "../../../components/project";
import { run } from "../../offline/kit/run";
import { root } from "../stack/home";
import { fields, list, text } from "../status/fields";
import type { Terminal } from "../terminal";
import { addClusterTools } from "../tools/programs";
import type { Place } from "./platform";
import { readRecords } from "./records";

/**
 * Removes the images of an environment that is gone from the nodes, unless something in the cluster names them: branches
 * with the same sources have the same images. What fails here is only said, as it takes nothing but space.
 */
export async function unloadImages(place: Place, images: string[], name: string, terminal: Terminal): Promise<void> {
    if (images.length === 0) return;
    await unload(place, images, name, terminal).catch((error: Error) =>
        terminal.line(`! These images stay on the cluster's nodes: ${images.join(", ")}. ${error.message}`));
}

async function unload({ kubeconfig, connection }: Place, images: string[], name: string, terminal: Terminal): Promise<void> {
    const { images: delivery } = (await findPlatform(kubeconfig)).capabilities;
    if (delivery?.method !== "load") return;
    const others = (await readRecords(connection)).filter(record => record.name !== name && record.heldBy !== undefined);
    // Its images may be on the nodes already, and its pods not yet.
    if (others.length > 0) throw new Error(`The environment of the branch ${others[0].branch} is changing at the moment, and may have the same.`);
    const used = new Set((await Promise.all(sources.map(async ([path, ...where]) => {
        const { items } = await send(connection, "GET", path, { seconds: 30 });
        return list({ items }, "items").flatMap(object => imagesIn(fields(object, ...where)));
    }))).flat());
    const unused = images.filter(image => !used.has(image));
    if (unused.length === 0) return;
    if (delivery.unload === undefined) throw new Error("The platform's stack was brought up by an older version of Landfall: bring it up again.");
    addClusterTools();
    const script = libraryScript(delivery.unload);
    const environment = { ...delivery.environment as Record<string, string>, IMAGES: JSON.stringify(unused) };
    await run(process.execPath, [...nodeArguments(script), script], { cwd: root, env: environment });
    terminal.line(`Removed its images from the cluster's nodes: ${unused.join(", ")}.`);
}

/** What names images: where it is listed, and where its pods' specification is. */
const sources = [
    ["/api/v1/pods", "spec"],
    ...["deployments", "statefulsets", "daemonsets", "replicasets"].map(kind => [`/apis/apps/v1/${kind}`, "spec", "template", "spec"]),
    ["/apis/batch/v1/jobs", "spec", "template", "spec"],
    ["/apis/batch/v1/cronjobs", "spec", "jobTemplate", "spec", "template", "spec"],
];

function imagesIn(specification: object): string[] {
    return ["containers", "initContainers"].flatMap(kind => list(specification, kind).map(container => text(container, "image")));
}
