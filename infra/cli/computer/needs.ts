import { images } from "../../../components/versions";
import type { AppSettings, PlainSettings, PlatformSettings, Target } from "../../config";
import { usesDatabase } from "../../services/limits";

/** What a stack needs from the computer. */
export interface Needs {
    target: Target;
    /** Name of the cluster, which may already use its ports. */
    clusterName?: string;
    docker: boolean;
    /** Whether the nodes are Docker containers, which the kit can build. */
    containers: boolean;
    /** Whether they use this version's node image, and therefore its version of Kubernetes. */
    usualNodes: boolean;
    /** Ports on 127.0.0.1, each with its setting. */
    ports: { port: number; setting: string }[];
    /** Whether images or clusters will be downloaded or built here. */
    disk: boolean;
}

/** What this stack needs. On an existing cluster, with images that are already built, that is almost nothing. */
export function needsOf({ cluster, app }: PlainSettings | PlatformSettings): Needs {
    const builds = app !== undefined && givenImages(app).includes(undefined);
    const local = cluster.target === "kind" || cluster.target === "minikube"; // narrows the type
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

/** The images that the settings name; undefined for each that has to be built. */
function givenImages(app: AppSettings): (string | undefined)[] {
    if (app.type === "wordpress") return [app.web.image, app.database.image];
    return [...Object.values(app.services).map(({ image }) => image), ...usesDatabase(app) ? [app.database.image] : []];
}
