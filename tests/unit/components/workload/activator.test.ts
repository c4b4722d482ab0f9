import { beforeAll, describe, expect, it } from "vitest";
import type { Registered } from "../../../../infra/cli/capture";
import { quantity } from "../../../../components/quantity";
import { type Manifest, object, objects, pods, runStack } from "../../support/program";

const environment = { name: "feature-x", host: "x.localhost", sleepAfter: 60 };
const compose = {
    type: "services",
    services: {
        web: { image: "ghcr.io/example/shop:1.2", port: 8080, exposed: true, database: true, talksTo: ["cache"] },
        api: { image: "ghcr.io/example/api:1.2", port: 9000, exposed: true, path: "/api" },
        cache: { image: "ghcr.io/example/cache:1", port: 6379, volumes: { "/data": { size: "1Gi", accessMode: "ReadWriteOnce" } } },
        mailer: { image: "ghcr.io/example/mailer:1.2" },
    },
};

interface Rule { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }
const rulesOf = (resources: Registered[]) => object<{ rules: Rule[] }>(resources, "Role", "activator").rules;
const settingsOf = (resources: Registered[]) => object<{ data: Record<string, string> }>(resources, "ConfigMap", "activator-environment").data;
const inEnvironment = (found: Manifest[]) => found.filter(({ metadata }) => metadata.namespace === environment.name);
const backendsOf = (resources: Registered[]) => objects<{ spec: { rules: { backendRefs?: { name: string; port: number }[] }[] } }>(resources, "HTTPRoute")
    .flatMap(({ spec }) => spec.rules.flatMap(({ backendRefs = [] }) => backendRefs));

/** Which pods may connect to the pods of a workload, by the policies of its namespace. */
function sourcesOf(resources: Registered[], workload: string): string[] {
    interface Policy { metadata: { namespace: string }; spec: {
        podSelector: { matchLabels?: Record<string, string> };
        ingress?: { from: { podSelector: { matchLabels: Record<string, string> } }[] }[];
    } }
    return objects<Policy>(resources, "NetworkPolicy").filter(({ metadata, spec }) =>
        metadata.namespace === environment.name && spec.podSelector.matchLabels?.["app.kubernetes.io/name"] === workload)
        .flatMap(({ spec }) => spec.ingress ?? []).flatMap(({ from }) => from.map(({ podSelector }) => podSelector.matchLabels["app.kubernetes.io/name"]));
}

describe("WordPress that sleeps", () => {
    let resources: Registered[];
    beforeAll(async () => {
        resources = await runStack("dev", { environment });
    });

    it("is reached through the activator alone", () => {
        expect(backendsOf(resources)).toEqual([{ name: "activator", port: 8080 }]);
        expect(sourcesOf(resources, "web")).toEqual(["activator"]);
        expect(sourcesOf(resources, "activator")).toEqual(["envoy"]);
        const policies = objects(resources, "NetworkPolicy").map(({ metadata }) => metadata.name);
        expect(policies.filter(name => /envoy-to-web|web.*activator-egress/.test(name))).toEqual([]);
    });

    it("gives the activator the rights to read, scale and suspend its workloads, and no other", () => {
        expect(rulesOf(resources)).toEqual([
            { apiGroups: ["apps"], resources: ["deployments"], resourceNames: ["web"], verbs: ["get"] },
            { apiGroups: ["apps"], resources: ["deployments/scale"], resourceNames: ["web"], verbs: ["patch"] },
            { apiGroups: ["apps"], resources: ["statefulsets"], resourceNames: ["database"], verbs: ["get"] },
            { apiGroups: ["apps"], resources: ["statefulsets/scale"], resourceNames: ["database"], verbs: ["patch"] },
            { apiGroups: ["batch"], resources: ["cronjobs"], resourceNames: ["scheduled-tasks"], verbs: ["get", "patch"] },
        ]);
        const bindings = (kind: string) => objects<{ subjects: { name: string; namespace: string }[] }>(resources, kind)
            .filter(({ subjects }) => subjects.some(({ name, namespace }) => name === "activator" && namespace === environment.name));
        expect(bindings("RoleBinding")).toHaveLength(1);
        expect(bindings("ClusterRoleBinding")).toHaveLength(0);
    });

    it("wakes with what it has at least, and after the minutes of the settings sleeps", () => {
        expect(settingsOf(resources)).toMatchObject({ ACTIVATOR_SLEEP_AFTER: "3600", ACTIVATOR_HOLD: "30", ACTIVATOR_NAMESPACE: "feature-x" });
        expect(JSON.parse(settingsOf(resources).ACTIVATOR_WORKLOADS)).toEqual([
            { kind: "StatefulSet", name: "database", replicas: 1 },
            { kind: "Deployment", name: "web", replicas: 2 },
            { kind: "CronJob", name: "scheduled-tasks", replicas: 0 },
        ]);
        expect(JSON.parse(settingsOf(resources).ACTIVATOR_BACKENDS)).toEqual([
            { listen: 8080, name: "web", host: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/) as string, port: 80 },
        ]);
    });

    it("leaves to the activator how many pods there are: Pulumi neither sets them nor waits for any behind a Service", () => {
        for (const kind of ["Deployment", "StatefulSet"]) {
            for (const { metadata, spec } of inEnvironment(objects(resources, kind))) expect(spec, metadata.name).not.toHaveProperty("replicas");
        }
        for (const { metadata } of inEnvironment(objects(resources, "Service"))) {
            expect(metadata.annotations, metadata.name).toMatchObject({ "pulumi.com/skipAwait": "true" });
        }
        for (const { spec } of objects(resources, "CronJob")) expect(spec).not.toHaveProperty("suspend");
    });

    it("sends requests to the activator only once it runs and may pass them on", () => {
        const route = resources.find(({ name }) => name === "web-https-x.localhost");
        for (const needed of ["Deployment::activator", "NetworkPolicy::activator-to-web-ingress", "NetworkPolicy::envoy-to-activator-egress"]) {
            expect(route?.dependsOn).toContainEqual(expect.stringContaining(needed));
        }
    });

    it("restricts the activator's pod as all others, and lets it finish what it passes on", () => {
        const { spec } = pods(resources).find(({ owner }) => owner === "Deployment/activator")!;
        const web = pods(resources).find(({ owner }) => owner === "Deployment/web")!;
        expect(spec.containers[0].securityContext).toEqual(web.spec.containers[0].securityContext);
        expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
        expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(web.spec.terminationGracePeriodSeconds! - 5);
        expect(spec.serviceAccountName).toBe("activator");
    });

    it("has room for the activator in its quota", async () => {
        const hard = (found: Registered[]) => object<{ spec: { hard: Record<string, string> } }>(found, "ResourceQuota", "quota").spec.hard;
        const without = hard(await runStack("dev", { environment: { ...environment, sleepAfter: undefined } }));
        const limits = pods(resources).find(({ owner }) => owner === "Deployment/activator")!.spec.containers[0].resources.limits;
        for (const [name, limit] of Object.entries(limits)) {
            const [more, less] = [hard(resources), without].map(found => quantity(found[`limits.${name}`]));
            expect(more - less, name).toBe(quantity(limit) * 2n);
        }
    });
});

describe("services that sleep", () => {
    it("let the activator see whether a job runs, and change nothing of it", async () => {
        const image = "ghcr.io/example/shop:1.2";
        const app = { type: "services", services: { web: { image, port: 80, exposed: true }, migrate: { image, job: true } } };
        const resources = await runStack("services", { environment, app });
        expect(rulesOf(resources)).toContainEqual({ apiGroups: ["batch"], resources: ["jobs"], resourceNames: ["migrate"], verbs: ["get"] });
        expect(JSON.parse(settingsOf(resources).ACTIVATOR_WORKLOADS)).toContainEqual({ kind: "Job", name: "migrate", replicas: 0 });
    });

    it("sleep all of them, and those that are exposed are reached through a port of the activator each", async () => {
        const resources = await runStack("services", { environment, app: compose });
        expect(backendsOf(resources)).toEqual([{ name: "activator", port: 8080 }, { name: "activator", port: 8081 }]);
        expect(sourcesOf(resources, "web")).toEqual(["activator"]);
        expect(sourcesOf(resources, "api")).toEqual(["activator"]);
        expect(sourcesOf(resources, "cache")).toEqual(["web"]);
        const names = (kind: string) => (JSON.parse(settingsOf(resources).ACTIVATOR_WORKLOADS) as { kind: string; name: string }[])
            .filter(workload => workload.kind === kind).map(({ name }) => name).sort();
        expect(names("Deployment")).toEqual(["api", "mailer", "web"]);
        expect(names("StatefulSet")).toEqual(["cache", "database"]);
        expect(rulesOf(resources).flatMap(({ resources }) => resources)).not.toContain("cronjobs");
        expect(rulesOf(resources).flatMap(({ resources }) => resources)).not.toContain("jobs");
        const ports = objects<{ metadata: { name: string }; spec: { ports: { port: number }[] } }>(resources, "Service")
            .find(({ metadata }) => metadata.name === "activator")!.spec.ports.map(({ port }) => port);
        expect(ports).toEqual([8080, 8081]);
    });

    it("sleep on a platform that another stack made", async () => {
        const resources = await runStack("uat", { environment: { ...environment, priority: "low" } });
        expect(sourcesOf(resources, "web")).toEqual(["activator"]);
        expect(objects(resources, "NetworkPolicy").map(({ metadata }) => metadata.name)).toContain("feature-x.envoy-to-activator-egress");
    });
});

describe("an environment that never sleeps", () => {
    it("has nothing of all this", async () => {
        const resources = await runStack("dev");
        expect(JSON.stringify(resources)).not.toMatch(/activator/i);
        expect(object(resources, "StatefulSet", "database").spec).toMatchObject({ replicas: 1 });
    });
});
