import { createCluster } from "../components/cluster";
import { loadManifests, Platform } from "../components/platform";
import { useProxies } from "../components/proxy";
import { checkRelease, stackRelease, version } from "../components/release";
import { Environment } from "../components/workload";
import { createApplication } from "./application";
import { loadSettings, manifestsFor } from "./config";
import { trafficOf } from "./limits";
import { mendStackTraces } from "./stack-traces";
import { compareWith } from "./standing";

// If the engine is gone, for example killed, Pulumi's SDK would report forever that it can't report.
if (process.env.PULUMI_NODEJS_ENGINE) {
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));
}

mendStackTraces();
useProxies();

export = async () => {
    const settings = loadSettings();
    await checkRelease(stackRelease);
    const { host, name, quota, tls, volumes } = settings.environment;
    const manifests = await loadManifests(manifestsFor(settings));

    const cluster = createCluster(settings.cluster, { volumes, comparisons: compareWith(settings) });
    const traffic = trafficOf(settings.app);
    const platform = new Platform("platform", { cluster, manifests, hosts: [host], tls, traffic });
    const environment = new Environment("environment", { cluster, platform, namespace: name, volumes, quota });
    const app = createApplication(settings, { environment, gateway: platform.gateway });

    const { kubeconfig } = cluster;
    return { ...app.outputs, ...platform.outputs, namespace: environment.namespace, kubeconfig, version };
};
