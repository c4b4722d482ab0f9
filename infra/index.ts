import { createCluster } from "../components/cluster";
import { loadManifests, Platform } from "../components/platform";
import { Environment } from "../components/workload";
import { loadSettings } from "./config";
import { WordPress } from "./wordpress";

export = async () => {
    const settings = loadSettings();
    const manifests = await loadManifests();

    const cluster = createCluster(settings.cluster, { volumes: settings.environment.volumes });
    const { host, tls } = settings.environment;
    const platform = new Platform("platform", { cluster, manifests, hosts: [host], tls });
    const environment = new Environment("environment", {
        cluster,
        namespace: settings.environment.name,
        volumes: settings.environment.volumes,
        quota: settings.environment.quota,
    });
    const app = new WordPress("wordpress", { settings, environment, gateway: platform.gateway });

    return {
        address: app.address,
        endpoint: platform.gateway.endpoint,
        caCertificate: platform.caCertificate,
        namespace: environment.namespace,
        adminUser: app.adminUser,
        adminPassword: app.adminPassword,
        images: app.images,
    };
};
