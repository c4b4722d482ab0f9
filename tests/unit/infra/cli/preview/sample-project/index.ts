import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** A change of a little of each kind: the second version replaces and deletes what holds data, and carries hostile names. */
export = async () => {
    const changed = process.env.SAMPLE_CHANGED === "1";
    const provider = new kubernetes.Provider("provider", { renderYamlToDirectory: "yaml" });
    const opts = { provider };
    const namespace = changed ? "staging" : "development";
    new kubernetes.core.v1.Namespace("environment-namespace", { metadata: { name: namespace } }, opts);
    new kubernetes.core.v1.PersistentVolumeClaim("web-uploads", {
        metadata: { name: "uploads", namespace },
        spec: { accessModes: ["ReadWriteMany"], resources: { requests: { storage: "5Gi" } } },
    }, opts);
    if (!changed) {
        new kubernetes.core.v1.PersistentVolumeClaim("old-volume", {
            metadata: { name: "old", namespace: "other" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
        }, opts);
        new kubernetes.core.v1.ConfigMap("old-config", { metadata: { name: "old", namespace: "other" }, data: { a: "1" } }, opts);
    }
    const password = new random.RandomPassword("database-password", { length: changed ? 48 : 32 });
    new kubernetes.core.v1.Secret("database-credentials", {
        metadata: { name: "credentials", namespace: "other" }, stringData: { password: password.result },
    }, opts);
    new kubernetes.apps.v1.Deployment("web", {
        metadata: { name: "web", namespace: "other" },
        spec: {
            replicas: changed ? 3 : 2,
            selector: { matchLabels: { app: "web" } },
            template: {
                metadata: { labels: { app: "web" } },
                spec: { containers: [{
                    name: "web", image: changed ? "web:2" : "web:1",
                    env: [{ name: "NOTE", value: changed ? "```\n</details><img src=x> @everyone | cell" : "" }, { name: "KEY", value: pulumi.secret("s3cr3t-value") }],
                }] },
            },
        },
    }, opts);
    if (changed) {
        new kubernetes.core.v1.ConfigMap("new`config`</details>@someone", { metadata: { name: "new", namespace: "other" }, data: { b: "2" } }, opts);
        pulumi.log.warn("A warning with ``` and </details> and @everyone");
    }
    return { plain: "text" };
};
