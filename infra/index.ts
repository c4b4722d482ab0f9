import { createCluster, findPresent } from "../components/cluster";
import { loadManifests, Platform } from "../components/platform";
import { useProxies } from "../components/proxy";
import { checkRelease, stackRelease, version } from "../components/release";
import { Environment } from "../components/workload";
import { hostsOf, loadSettings, logsToKeep, manifestsFor } from "./config";
import { trafficOf } from "./limits";
import { mendStackTraces } from "./stack-traces";
import { compareWith } from "./standing";
import { WordPress } from "./wordpress";

// If the engine is gone, for example killed, Pulumi's SDK would report forever that it can't report.
if (process.env.PULUMI_NODEJS_ENGINE) {
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(1));
}

mendStackTraces();
useProxies();

export = async () => {
    const settings = loadSettings();
    await checkRelease(stackRelease);
    const { name, priority, quota, tls, volumes } = settings.environment;
    const manifests = await loadManifests(manifestsFor(settings));
    const present = await findPresent(settings.cluster, tls);

    const cluster = createCluster(settings.cluster, { volumes, present, comparisons: compareWith(settings) });
    const traffic = trafficOf(settings.app);
    const [hosts, logs] = [hostsOf(settings), logsToKeep(settings)];
    const platform = new Platform("platform", { cluster, manifests, hosts, tls, traffic, logs });
    const environment = new Environment("environment", { cluster, platform, namespace: name, volumes, quota, priority });
    const app = new WordPress("wordpress", { settings, environment, gateway: platform.gateway });

    const { kubeconfig } = cluster;
    return { ...app.outputs, ...platform.outputs, namespace: environment.namespace, kubeconfig, version };
};
