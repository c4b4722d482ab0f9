// Removes a repository's images from the cluster's nodes.
import { listImages, referencesTo, removeImages, removing } from "../scripts/images";
import { run, setting } from "../scripts/process";
import { listNodes } from "./nodes";

void removing("on the cluster's nodes", repository => {
    for (const { name } of listNodes(setting("CLUSTER_NAME")).filter(({ running }) => running)) {
        const ctr = (args: string[]): string => run("docker", ["exec", name, "ctr", ...args], { problem: `The node ${name} doesn't remove them.` });
        const found = referencesTo(repository, ctr(listImages));
        if (found.length > 0) ctr([...removeImages, ...found]);
    }
});
