import * as pulumi from "@pulumi/pulumi";
import { type ClusterSettings, createCluster } from "landfall/cluster";
import { Platform } from "landfall/platform";
import { ContainerImage, Database, Environment, WebService } from "landfall/workload";

const config = new pulumi.Config();
const host = config.require("host");
const issuer = config.require<"ca" | "acme">("issuer", { allowedValues: ["ca", "acme"] });
const namespace = config.require("environment");
const volumes = namespace === "development" ? "delete" : "retain";

const settings = { target: config.require("target"), ...config.getObject("cluster") } as ClusterSettings;
const cluster = createCluster(settings, { volumes });
const platform = new Platform("platform", { cluster, hosts: [host], environment: namespace, tls: { issuer } });
const environment = new Environment("environment", { cluster, platform, namespace, volumes });

// What they request is small enough for a laptop with two processors, which one node fills.
const cpu = { request: "100m", limit: "1" };
const database = new Database("database", { environment, database: "counter", cpu });
const image = new ContainerImage("counter", { cluster, context: "app" });
new WebService("counter", {
    environment,
    image: image.reference,
    port: 8080,
    cpu,
    memory: { request: "64Mi", limit: "256Mi" },
    env: { DATABASE_HOST: database.host, DATABASE_USER: database.user, DATABASE_NAME: database.database },
    secretFiles: { "/etc/counter": { password: database.password, "database-ca.crt": database.authority } },
    // It doesn't check the database: if that failed, all replicas would go out of service.
    probes: { readiness: { httpGet: { path: "/healthz", port: "main" } } },
    exposed: { gateway: platform.gateway, host },
    talksTo: [database],
});

export const address = `https://${host}${platform.gateway.portSuffix}`;
export const { caCertificate, dnsRecords } = platform;
export const { kubeconfig } = cluster;
