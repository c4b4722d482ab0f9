// Removes images from the cluster's nodes.
import { listImages, referencesTo, removeImages } from "../scripts/images";
import { main, run, setting } from "../scripts/process";
import { listNodes } from "./nodes";

void main(() => {
    const images = JSON.parse(setting("IMAGES")) as string[];
    for (const { name } of listNodes(setting("CLUSTER_NAME")).filter(({ running }) => running)) {
        const ctr = (args: string[]): string =>
            run("docker", ["exec", name, "ctr", ...args], { problem: `The images could not be removed from the node ${name}.` });
        const found = referencesTo(images, ctr(listImages));
        if (found.length > 0) ctr([...removeImages, ...found]);
    }
});
