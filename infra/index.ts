import { createCluster, findPresent } from "../components/cluster";
import { loadManifests, Platform, SharedPlatform } from "../components/platform";
import { useProxies } from "../components/proxy";
import { checkRelease, stackRelease, version } from "../components/release";
import { Environment } from "../components/workload";
import { createApplication } from "./application";
import { hasEnvironment, hostsOf, loadSettings, logsToKeep, manifestsFor } from "./config";
import { graceOf, trafficOf } from "./limits";
import { createPlatform } from "./platform";
import { promotionOf } from "./promotion";
import { findSharedPlatform } from "./shared-platform";
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
    if (!hasEnvironment(settings)) return createPlatform(settings);
    const { name, images, priority, quota, sleepAfter, tls, volumes } = settings.environment;
    const found = await findSharedPlatform(settings.cluster);
    const promotion = await promotionOf(settings.promotion);
    const [manifests, present] = found ? [] : await Promise.all([
        loadManifests(manifestsFor(settings)), findPresent(settings.cluster, tls),
    ]);

    const known = found?.capabilities;
    const cluster = createCluster(settings.cluster, {
        volumes, present, known, graceSeconds: graceOf(settings.app), comparisons: compareWith(settings),
    });
    const needs = { cluster, hosts: hostsOf(settings), tls, traffic: trafficOf(settings.app), environment: name };
    const platform = found
        ? new SharedPlatform("platform", { ...needs, found })
        : new Platform("platform", { ...needs, ...settings.gateway, manifests, logs: logsToKeep(settings) });
    const environment = new Environment("environment", { cluster, platform, namespace: name, volumes, images, quota, priority, sleepAfter });
    const app = createApplication({ ...settings, promotion }, { environment, gateway: platform.gateway });

    const { kubeconfig } = cluster;
    return { ...app.outputs, ...platform.outputs, namespace: environment.namespace, kubeconfig, version, ...promotion && { promotion } };
};
