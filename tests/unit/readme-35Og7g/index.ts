import { createCluster } from "../../../infra/library/cluster";
import { Platform } from "../../../components/platform";
import { ContainerImage, Database, Environment, WebService } from "../../../components/workload";

const host = "shop.localhost";
const cluster = createCluster({ target: "kind", nodes: 2 });
const platform = new Platform("platform", { cluster, hosts: [host] });
const environment = new Environment("environment", { cluster, platform, namespace: "development", volumes: "delete" });
const database = new Database("database", { environment, database: "shop" });
const image = new ContainerImage("shop", { cluster, context: "infra/images/web" });
new WebService("shop", {
    environment, image: image.reference, port: 8080,
    env: { DATABASE_HOST: database.host, DATABASE_USER: database.user },
    secretFiles: { "/etc/shop": { password: database.password, "database-ca.crt": database.authority } },
    exposed: { gateway: platform.gateway, host }, talksTo: [database],
});
export const address = `https://${host}${platform.gateway.portSuffix}`;
