// A program with the library, on a cluster in which others installed cert-manager, the Gateway API and metrics-server.
import * as pulumi from "@pulumi/pulumi";
import { Platform } from "../../../../components/platform";
import { imageTags } from "../../../../components/versions";
import { Environment, WebService } from "../../../../components/workload";
import { type ClusterSettings, createCluster, findPresent } from "../../../../infra/library/cluster";

/** Envoy, which is in every node of the kit, as an application that answers. */
const application = {
    static_resources: {
        listeners: [{
            address: { socket_address: { address: "0.0.0.0", port_value: 8080 } },
            filter_chains: [{ filters: [{
                name: "envoy.filters.network.http_connection_manager",
                typed_config: {
                    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                    "stat_prefix": "http",
                    "http_filters": [{
                        name: "envoy.filters.http.router",
                        typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
                    }],
                    "route_config": { virtual_hosts: [{
                        name: "all", domains: ["*"],
                        routes: [{ match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: "served" } } }],
                    }] },
                },
            }] }],
        }],
    },
};

export = async () => {
    const config = new pulumi.Config();
    const settings = config.requireObject<ClusterSettings>("cluster");
    const host = config.require("host");
    const cluster = createCluster(settings, { present: await findPresent(settings) });
    // The kit's images are known by tag.
    Object.assign(cluster.capabilities, { imagesByTag: true });
    const platform = new Platform("platform", { cluster, hosts: [host] });
    const environment = new Environment("environment", { cluster, platform, namespace: "shop", volumes: "delete" });
    new WebService("shop", {
        environment, image: imageTags.envoy, port: 8080, cpu: { request: "50m", limit: "1" }, memory: { request: "64Mi", limit: "256Mi" },
        replicas: { min: 1, max: 2 }, exposed: { gateway: platform.gateway, host },
        transform: (args, { type }) => type === "kubernetes:apps/v1:Deployment"
            ? { ...args, spec: pulumi.output(args.spec as Spec).apply(withArguments) } : args,
    });
    return { caCertificate: platform.caCertificate };
};

interface Spec {
    template: { spec: { containers: object[] } };
}

function withArguments(spec: Spec): Spec {
    const args = ["--config-yaml", JSON.stringify(application), "--disable-hot-restart"];
    const containers = spec.template.spec.containers.map(container => ({ ...container, args }));
    return { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } };
}
