import { beforeAll, describe, expect, it } from "vitest";
import { Registered } from "../../../../infra/cli/capture";
import { captureAgain, Manifest, object, objects, PodSpec, pods, runStack } from "../../support/program";

let resources: Registered[];
beforeAll(async () => {
    resources = await runStack("dev");
});

const pod = (owner: string): PodSpec => {
    const found = pods(resources).find(candidate => candidate.owner === owner);
    if (!found) throw new Error(`no ${owner}`);
    return found.spec;
};
const app = (web: object, database: object = { mode: "single", volume: "5Gi" }) => ({ app: { web, database } });

describe("a fresh start warns of nothing that is yet to come", () => {
    it.each(["dev", "minikube", "server", "eks", "gke", "aks"])("in the order of %s", async stack => {
        const made = await runStack(stack);
        const ofKind = (kind: string) => made.filter(({ type }) => type.endsWith(`:${kind}`));
        const urns = (found: Registered[]) => found.map(({ urn }) => urn);

        const claims = ofKind("PersistentVolumeClaim");
        expect(claims.map(({ name }) => name).sort()).toEqual([
            "database-data", ...["dev", "minikube"].includes(stack) ? [] : ["log-store-data"], "web-uploads",
        ]);
        const classes = ofKind("StorageClass");
        expect(classes.length > 0).toBe(stack !== "minikube"); // which brings one
        for (const { name, dependsOn } of claims) expect(dependsOn, name).toEqual(expect.arrayContaining(urns(classes)));

        const autoscalers = ofKind("HorizontalPodAutoscaler");
        expect(autoscalers.map(({ name }) => name).sort()).toEqual(["envoy", "web"]);
        for (const { name, dependsOn } of autoscalers) {
            expect(dependsOn, name).toEqual(expect.arrayContaining(urns(ofKind("APIService"))));
        }
        // It looks for its Deployment 15 s later, so both wait for the same: images may take minutes.
        const [web] = autoscalers.filter(({ name }) => name === "web");
        const [deployment] = ofKind("Deployment").filter(({ name }) => name === "web");
        if (stack === "dev") expect(deployment.dependsOn).toContainEqual(expect.stringMatching(/::web-load$/));
        expect(web.dependsOn).toEqual(expect.arrayContaining(deployment.dependsOn));
    });
});

describe("the web service", () => {
    it("leaves the number of replicas to the autoscaler", () => {
        const deployment = object(resources, "Deployment", "web");
        expect(deployment.spec).not.toHaveProperty("replicas");
        expect(object(resources, "HorizontalPodAutoscaler", "web").spec).toMatchObject({
            scaleTargetRef: { kind: "Deployment", name: "web" }, minReplicas: 2, maxReplicas: 5,
        });
    });

    it("grows at once and shrinks slowly", () => {
        interface Behavior { behavior: Record<"scaleUp" | "scaleDown", {
            stabilizationWindowSeconds: number; policies: { type: string; value: number; periodSeconds: number }[];
        }> }
        const { behavior } = object<{ spec: Behavior }>(resources, "HorizontalPodAutoscaler", "web").spec;
        const perMinute = (policy: { value: number; periodSeconds: number }) => policy.value * 60 / policy.periodSeconds;
        expect(behavior.scaleUp.stabilizationWindowSeconds).toBe(0);
        expect(behavior.scaleDown.stabilizationWindowSeconds).toBeGreaterThanOrEqual(300);
        expect(Math.max(...behavior.scaleDown.policies.map(perMinute)))
            .toBeLessThan(Math.max(...behavior.scaleUp.policies.map(perMinute)));
    });

    it("is updated without a moment of fewer pods", () => {
        expect(object(resources, "Deployment", "web").spec).toMatchObject({
            strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0 } },
        });
    });

    it("drains before it stops, within its grace period", () => {
        const spec = pod("Deployment/web");
        const sleep = spec.containers[0].lifecycle?.preStop as { sleep: { seconds: number } };
        expect(sleep.sleep.seconds).toBeGreaterThanOrEqual(3);
        expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(sleep.sleep.seconds + 30);
    });

    it("finds its database without asking the cluster's DNS, which may be lost in part with a node", () => {
        const { WORDPRESS_DB_HOST } = object<{ data: Record<string, string> }>(resources, "ConfigMap", "web-environment").data;
        expect(WORDPRESS_DB_HOST).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
        expect(object(resources, "Service", "database").spec).not.toHaveProperty("clusterIP");
        expect(pod("Deployment/web").dnsConfig?.options).toContainEqual({ name: "timeout", value: "1" });
    });

    it("has all three probes", () => {
        const [container] = pod("Deployment/web").containers;
        expect(container).toMatchObject({
            startupProbe: expect.any(Object), readinessProbe: expect.any(Object), livenessProbe: expect.any(Object),
        });
        // Without its database it isn't ready, but restarting it helps nobody.
        expect(container.livenessProbe).not.toEqual(expect.objectContaining({ httpGet: { path: "/readyz" } }));
    });

    it("is spread over zones and nodes", () => {
        const { affinity, topologySpreadConstraints } = pod("Deployment/web");
        expect(topologySpreadConstraints?.map(({ topologyKey }) => topologyKey)).toEqual(["kubernetes.io/hostname"]);
        // No spread constraint: where nodes have no zone, as on a laptop, the scheduler would ignore the one above too.
        const preferred = affinity?.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
        expect(preferred?.map(({ podAffinityTerm }) => podAffinityTerm.topologyKey)).toEqual(["topology.kubernetes.io/zone"]);
    });

    it("gets its replicas elsewhere a minute after their node is lost, and so does all else that has no data", () => {
        const minute = ["not-ready", "unreachable"].map(condition => ({
            key: `node.kubernetes.io/${condition}`, operator: "Exists", effect: "NoExecute", tolerationSeconds: 60,
        }));
        const deployments = pods(resources).filter(({ owner }) => owner.startsWith("Deployment/"));
        expect(deployments.length).toBeGreaterThan(5);
        for (const { owner, spec } of deployments) {
            // The proxies of a laptop run on the published node, which may be the control plane's.
            const published = owner === "Deployment/envoy" ? [expect.objectContaining({ effect: "NoSchedule" })] : [];
            expect(spec.tolerations, owner).toEqual([...minute, ...published]);
        }
        // Its volume may be on that node; a false alarm must not stop it.
        expect(pod("StatefulSet/database").tolerations).toBeUndefined();
    });

    it("gets a request again that could not be sent to one of its pods", () => {
        const [rule] = object<{ spec: { rules: { filters: object[] }[] } }>(resources, "HTTPRoute", "web-https-wordpress.localhost").spec.rules;
        expect(rule.filters).toContainEqual({
            type: "RequestHeaderModifier",
            // On a failed connection nothing has been asked: any other failure would ask twice.
            requestHeaderModifier: { set: [
                { name: "x-envoy-retry-on", value: "connect-failure" }, { name: "x-envoy-max-retries", value: "32" },
            ] },
        });
        const { data } = object<{ data: Record<string, string> }>(resources, "ConfigMap", "contour-2");
        const { cluster } = JSON.parse(data["contour.yaml"]) as { cluster: { "circuit-breakers": Record<string, number> } };
        // All requests that a lost pod had.
        expect(cluster["circuit-breakers"]["max-retries"]).toBeGreaterThanOrEqual(1024);
    });

    it("takes requests for its host from the gateway only, by HTTPS", () => {
        expect(object(resources, "HTTPRoute", "web-https-wordpress.localhost").spec).toMatchObject({
            parentRefs: [{ name: "gateway", namespace: "landfall-gateway", port: 443 }],
            hostnames: ["wordpress.localhost"],
            rules: [{ backendRefs: [{ name: "web", port: 80 }] }],
        });
        const types = objects(resources, "Service").filter(({ metadata }) => metadata.namespace === "development")
            .map(({ spec }) => spec.type ?? "ClusterIP");
        expect(types).toEqual(["ClusterIP", "ClusterIP"]);
    });

    it("rolls when its configuration changes, and doesn't when it doesn't", async () => {
        const checksum = (registered: Registered[]): string | undefined => pods(registered)
            .find(({ owner }) => owner === "Deployment/web")?.annotations["landfall.dev/config"];
        const { resources: again } = await captureAgain("dev");
        const changed = await runStack("dev", { app: { title: "Another title" } });
        expect(checksum(resources)).toMatch(/^[0-9a-f]{64}$/);
        expect(checksum(again)).toBe(checksum(resources));
        expect(checksum(changed)).not.toBe(checksum(resources));
    });
});

describe("scheduled tasks", () => {
    interface CronJob extends Manifest { spec: { schedule: string; jobTemplate: { spec: Record<string, unknown> } } }
    const cronJob = (registered = resources) => object<CronJob>(registered, "CronJob", "scheduled-tasks");

    it("run one at a time, end, and leave no more than the last success and the last failure behind", () => {
        expect(cronJob().spec).toMatchObject({
            schedule: "* * * * *", timeZone: "Etc/UTC", concurrencyPolicy: "Forbid", successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 1,
            jobTemplate: { spec: { backoffLimit: 1, activeDeadlineSeconds: 600 } },
        });
        expect(pod("CronJob/scheduled-tasks")).toMatchObject({ restartPolicy: "Never", automountServiceAccountToken: false });
    });

    it.each([[1, "* * * * *"], [5, "*/5 * * * *"], [60, "0 * * * *"]])("run every %s minutes", async (everyMinutes, schedule) => {
        expect(cronJob(await runStack("dev", { app: { tasks: { everyMinutes } } })).spec.schedule).toBe(schedule);
    });

    it("are the web's own program and site, with what they need of its secrets", () => {
        const [web] = pod("Deployment/web").containers;
        const [task] = pod("CronJob/scheduled-tasks").containers;
        expect(task.image).toBe(web.image);
        expect(task.command).toEqual(["run-tasks"]);
        const environment = (name: string) => object<{ data: Record<string, string> }>(resources, "ConfigMap", `${name}-environment`).data;
        for (const name of ["WORDPRESS_URL", "WORDPRESS_DB_HOST", "WORDPRESS_DB_NAME", "WORDPRESS_DB_USER"]) {
            expect(environment("scheduled-tasks")[name], name).toBe(environment("web")[name]);
        }
        const secret = (name: string) => object<{ stringData: Record<string, string> }>(resources, "Secret", name).stringData;
        expect(secret("scheduled-tasks-salts")).toEqual(secret("web-salts"));
        expect(Object.keys(secret("scheduled-tasks-credentials"))).toEqual(["database-ca.crt", "database-password"]);
        const uploads = { name: "var-www-html-wp-content-uploads", persistentVolumeClaim: { claimName: "web-uploads" } };
        for (const owner of ["CronJob/scheduled-tasks", "Deployment/web"]) expect(pod(owner).volumes).toContainEqual(uploads);
    });

    it("run beside the web's pods, and only there where one node alone may have the uploads", async () => {
        const term = { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { "app.kubernetes.io/name": "web" } } };
        expect(pod("CronJob/scheduled-tasks").affinity).toEqual({
            podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] },
        });
        const single = await runStack("dev", app({ replicas: { min: 1, max: 1 }, uploads: { accessMode: "ReadWriteOnce" } }));
        expect(pods(single).find(({ owner }) => owner === "CronJob/scheduled-tasks")?.spec.affinity).toEqual({
            podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] },
        });
    });

    it("begin when the web's pods have set up the site", () => {
        const urn = (kind: string, name: string) => resources.find(({ inputs }) =>
            inputs.kind === kind && (inputs as unknown as Manifest).metadata.name === name)!;
        expect(urn("CronJob", "scheduled-tasks").dependsOn).toContain(urn("Deployment", "web").urn);
    });

    it("keep no node that others can do without, and are no reason for the web to scale", () => {
        const { annotations } = pods(resources).find(({ owner }) => owner === "CronJob/scheduled-tasks")!;
        expect(annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"]).toBe("true");
        const { metadata: { labels } } = cronJob();
        const { selector } = object(resources, "Deployment", "web").spec as { selector: { matchLabels: object } };
        expect(labels).not.toMatchObject(selector.matchLabels);
    });
});

describe("the database", () => {
    it("keeps its data on a volume of its own", () => {
        expect(object(resources, "PersistentVolumeClaim", "database-data").spec).toMatchObject({
            accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "5Gi" } },
        });
        expect(JSON.stringify(object(resources, "StatefulSet", "database").spec.template)).toContain("database-data");
        expect(object(resources, "StatefulSet", "database").spec).not.toHaveProperty("volumeClaimTemplates");
    });

    it("has time for a clean shutdown, and a disruption budget", () => {
        expect(pod("StatefulSet/database").terminationGracePeriodSeconds).toBeGreaterThanOrEqual(60);
        expect(object(resources, "PodDisruptionBudget", "database").spec).toMatchObject({ maxUnavailable: 1 });
    });

    it("isn't moved to save a node, unless its environment has a low priority", async () => {
        const stays = async (priority: string) => pods(await runStack("dev", { environment: { name: "production", host: "www.example.com", priority } }))
            .find(({ owner }) => owner === "StatefulSet/database")!.annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"];
        expect(await Promise.all(["high", "normal", "low"].map(stays))).toEqual(["false", "false", undefined]);
    });
});

describe("volumes", () => {
    const retained = (registered: Registered[]): string[] => registered.filter(resource => resource.retainOnDelete)
        .map(resource => `${resource.inputs.kind as string}/${(resource.inputs as unknown as Manifest).metadata.name}`).sort();

    it("go with development", () => {
        expect(retained(resources)).toEqual([]);
    });

    it("stay where the environment retains them, with the namespace they are in", async () => {
        const kept = await runStack("dev", {
            environment: { name: "production", host: "www.example.com", volumes: "retain" },
        });
        expect(retained(kept)).toEqual([
            "Namespace/production", "PersistentVolumeClaim/database-data", "PersistentVolumeClaim/web-uploads",
        ]);
    });

    it("are shared by the web replicas", () => {
        expect(object(resources, "PersistentVolumeClaim", "web-uploads").spec).toMatchObject({
            accessModes: ["ReadWriteMany"], storageClassName: "landfall-local",
        });
    });

    it("are refused where replicas on many nodes would need a class that the cluster lacks", async () => {
        const cluster = { target: "existing", context: "none", registry: "registry.example.com" };
        await expect(runStack("dev", { cluster, ...app({ replicas: { min: 2, max: 5 } }) }))
            .rejects.toThrow(/sharedStorageClass/);
    });
});

describe("images", () => {
    it("are built and loaded on a laptop, under a name that no registry answers to", () => {
        const [web] = pod("Deployment/web").containers;
        expect(web.image).toMatch(/^landfall\.local\/web:\d{4}-\d{2}-\d{2}-[0-9a-f]{12}$/);
        const built = resources.filter(resource => resource.type === "docker:index/image:Image");
        expect(built.map(({ inputs }) => inputs.imageName)).toContain(web.image);
        expect(built.every(({ inputs }) => inputs.skipPush === true)).toBe(true);
    });

    it("are taken as they are where they are given", async () => {
        const image = `registry.example.com/web@sha256:${"a".repeat(64)}`;
        const given = await runStack("dev", app({ image }, { mode: "single", volume: "5Gi", image }));
        expect(object(given, "Deployment", "web").spec).toMatchObject({ template: { spec: { containers: [{ image }] } } });
        expect(given.filter(resource => resource.type.startsWith("docker:"))).toEqual([]);
    });
});

describe("every resource in the cluster", () => {
    it("has the cluster's provider and goes with the cluster", () => {
        const inside = resources.filter(resource => resource.type.startsWith("kubernetes:"));
        expect(inside.length).toBeGreaterThan(40);
        for (const resource of inside) {
            expect(resource.provider, resource.name).toContain("pulumi:providers:kubernetes");
            expect(resource.deletedWith, resource.name).toContain("command:local:Command");
        }
    });
});
