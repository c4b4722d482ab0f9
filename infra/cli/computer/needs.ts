import { images } from "../../../components/versions";
import type { PlainSettings, Target } from "../../config";

/** What a stack asks of the computer. */
export interface Needs {
    target: Target;
    /** Name of the cluster, whose own use of a port is no problem. */
    clusterName?: string;
    docker: boolean;
    /** Whether the nodes are Docker's containers: those the kit can make. */
    containers: boolean;
    /** Whether those are of the image that this version of Landfall names, and so of its version of Kubernetes. */
    usualNodes: boolean;
    /** Ports on 127.0.0.1, with the setting that each comes from. */
    ports: { port: number; setting: string }[];
    /** Whether images or clusters will be downloaded or built here. */
    disk: boolean;
}

/** What this stack needs; a stack on someone else's cluster with ready images needs next to nothing. */
export function needsOf({ cluster, app }: PlainSettings): Needs {
    const builds = !app.web.image || !app.database.image;
    const local = cluster.target === "kind" || cluster.target === "minikube"; // narrows what the keys are
    const driver = cluster.target === "minikube" ? (cluster.driver ?? "docker") : undefined;
    const inDocker = cluster.target === "kind" || driver === "docker";
    const docker = inDocker || builds;
    return {
        target: cluster.target,
        clusterName: local ? cluster.name : undefined,
        docker,
        containers: inDocker,
        usualNodes: cluster.target === "kind" && cluster.image === images.kindNode,
        ports: local ? (["http", "https"] as const).map(key => ({
            port: cluster[key], setting: `landfall:cluster.${key}`,
        })) : [],
        disk: local || docker,
    };
}
