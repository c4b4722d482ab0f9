import "tsx/cjs"; // createCluster loads the target by `require`
import { describe, expect, it } from "vitest";
import { Database, Environment, WebService, WebServiceArgs } from "../../../../components/workload";
import { captureProgram, type Registered } from "../../../../infra/cli/capture";
import { ClusterSettings, createCluster } from "../../../../infra/library/cluster";
import { object } from "../../support/program";

const web = { image: "ghcr.io/example/shop:1.0", port: 8080 };

/** Runs a program as somebody's stack `dev`; returns what it registers. */
async function run(program: () => void): Promise<Registered[]> {
    return (await captureProgram({ stack: "dev", config: {}, program: async () => program() })).resources;
}

/** The same with what components of an application need. */
function runIn(program: (environment: Environment) => void): Promise<Registered[]> {
    return run(() => {
        const cluster = createCluster({ target: "kind" });
        program(new Environment("environment", { cluster, namespace: "development" }));
    });
}

describe("createCluster of the package", () => {
    const wrong = (settings: unknown): Promise<Registered[]> => run(() => createCluster(settings as ClusterSettings));

    it.each<[string, unknown, ...string[]]>([
        ["a value out of range", { target: "kind", nodes: 0 },
            "The settings of createCluster have 1 problem. Nothing was changed.", "cluster.nodes is less than 1",
            "    given:   0", "    allowed: ", "    example: cluster: { target: kind, nodes: 2 }"],
        ["two ports that are one", { target: "kind", http: 8080, https: 8080 }, "cluster.http", "8080"],
        ["an unknown target", { target: "kink" }, "cluster.target", "did you mean kind?", "eks"],
        ["a target that is missing", {}, "cluster.target is missing"],
        ["a key of another target", { target: "kind", region: "eu-west-1" },
            "cluster.region is an unknown key; it belongs to the target eks or gke"],
        ["several at once", { target: "minikube", nodes: "two", memory: "1Mi" }, "2 problems", "cluster.nodes", "cluster.memory"],
        ["nothing at all", undefined, "cluster"],
    ])("refuses %s, and says what to write", async (_, settings, ...parts) => {
        const message = await wrong(settings).then(() => "", (error: Error) => error.message);
        for (const part of parts) expect(message).toContain(part);
        expect(message).not.toContain("landfall:cluster.");
    });

    it("completes the settings with the defaults, and takes the names of project and stack", async () => {
        const resources = await run(() => createCluster({ target: "kind" }));
        const { environment } = resources.find(({ name }) => name === "cluster-nodes")!.inputs as
            { environment: Record<string, string> };
        expect(environment.CLUSTER_NAME).toBe("landfall-dev"); // the project of this test is called landfall
        expect(JSON.parse(environment.CLUSTER_CONFIG).nodes).toHaveLength(1);
    });

    it("makes a second one under another name", async () => {
        const resources = await run(() => {
            createCluster({ target: "kind" });
            createCluster({ target: "kind", name: "other", http: 8081, https: 8444 }, { name: "other" });
        });
        expect(resources.filter(({ type }) => type === "landfall:cluster:Kind").map(({ name }) => name)).toEqual(["cluster", "other"]);
    });
});

describe("what needs no setting", () => {
    it("has defaults that a cluster accepts", async () => {
        const resources = await runIn(environment => {
            const database = new Database("database", { environment, database: "shop" });
            new WebService("shop", { environment, ...web, talksTo: [database] });
        });
        expect(object(resources, "HorizontalPodAutoscaler", "shop").spec).toMatchObject({ minReplicas: 2, maxReplicas: 10 });
        const { template } = object<{ spec: { template: { spec: { securityContext: object; containers: object[] } } } }>(
            resources, "Deployment", "shop").spec;
        expect(template.spec.securityContext).toMatchObject({ runAsUser: 10001 });
        const connects = { tcpSocket: { port: "main" } };
        expect(template.spec.containers).toMatchObject([{
            startupProbe: connects, readinessProbe: connects, livenessProbe: connects,
            resources: { requests: { cpu: "250m", memory: "256Mi" }, limits: { cpu: "1", memory: "1Gi" } },
        }]);
        expect(object(resources, "PersistentVolumeClaim", "database-data").spec).toMatchObject(
            { resources: { requests: { storage: "5Gi" } } });
        expect(object(resources, "ResourceQuota", "quota").spec).toMatchObject({ hard: { "limits.cpu": "16", "pods": "60" } });
    });

    it.each<[string, Partial<WebServiceArgs>, string]>([
        ["more replicas at the least than at the most", { replicas: { min: 3, max: 2 } }, "min is at most max"],
        ["no replica", { replicas: { min: 0, max: 2 } }, "whole numbers from 1"],
        ["root", { uid: 0 }, "0 is root"],
        ["a port that there is not", { port: 70000 }, "from 1 to 65535"],
    ])("a web service refuses %s", async (_, args, message) => {
        await expect(runIn(environment => void new WebService("shop", { environment, ...web, ...args }))).rejects.toThrow(message);
    });

    it("a database refuses memory that holds no connection, and names what does", async () => {
        const memory = { request: "64Mi", limit: "128Mi" };
        const made = runIn(environment => void new Database("database", { environment, database: "shop", memory }));
        await expect(made).rejects.toThrow(/memory limit of 128Mi.*\n.*258Mi/);
    });
});
