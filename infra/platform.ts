import { createCluster, findPresent } from "../components/cluster";
import { loadManifests, Platform } from "../components/platform";
import { version } from "../components/release";
import { manifestsFor, type PlatformSettings, logsToKeep, trafficOfGateway } from "./config";
import { compareWith } from "./standing";

/** A cluster with its platform, for the environments of other stacks. Whatever they keep outlives the cluster, if anything can. */
export async function createPlatform(settings: PlatformSettings) {
    const [manifests, present] = await Promise.all([
        loadManifests(manifestsFor(settings)), findPresent(settings.cluster, { issuer: "any" }),
    ]);
    const { clientConnections } = settings.gateway;
    const traffic = trafficOfGateway(settings.gateway);
    const cluster = createCluster(settings.cluster, {
        volumes: "retain", present, graceSeconds: traffic.times.drain, comparisons: compareWith(settings),
    });
    const platform = new Platform("platform", { cluster, manifests, hosts: [], traffic, clientConnections, logs: logsToKeep(settings) });
    const { kubeconfig } = cluster;
    return { ...platform.outputs, kubeconfig, version };
}
