import { beforeAll, describe, expect, it } from "vitest";
import { captureProgram, type Registered } from "../../../../infra/cli/capture";
import { object, objects, pods } from "../../support/program";

interface JobObject {
    metadata: { annotations: Record<string, string> };
    spec: { backoffLimit: number; activeDeadlineSeconds: number; podFailurePolicy: object; ttlSecondsAfterFinished?: number; template: { metadata: { annotations: Record<string, string> }; spec: object } };
}

async function run(services: object): Promise<Registered[]> {
    const config = {
        "landfall:cluster": { target: "kind" }, "landfall:environment": { name: "shop", host: "shop.localhost" },
        "landfall:app": { type: "services", services: { web: { ...image, port: 8080, exposed: true, after: Object.keys(services) }, ...services } }, "landfall:secrets": { key: "hunter2-hunter2" },
    };
    return (await captureProgram({ stack: "dev", config: Object.fromEntries(Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)])), secretKeys: ["landfall:secrets"] })).resources;
}

const image = { image: "ghcr.io/example/shop:1.2" };
const migrate = { ...image, job: true, command: ["migrate"], environment: { LOG: "info" }, secrets: { KEY: "key" }, database: true };
const jobIn = (resources: Registered[]): JobObject => object<JobObject>(resources, "Job", "migrate");

let resources: Registered[];
beforeAll(async () => {
    resources = await run({ migrate });
});

describe("a job", () => {
    it("is all that runs of such a service: nothing restarts it, scales it, or sends it requests", () => {
        const kinds = resources.filter(({ inputs }) => (inputs as { metadata?: { name?: string } }).metadata?.name === "migrate").map(({ inputs }) => (inputs as { kind: string }).kind);
        expect(kinds).toEqual(["Job"]);
    });

    it("is restricted like every other pod", async () => {
        const { spec } = pods(resources).find(({ owner }) => owner === "Job/migrate")!;
        expect(spec).toMatchObject({
            restartPolicy: "Never", automountServiceAccountToken: false, securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: "RuntimeDefault" } },
            containers: [{ command: ["migrate"], securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } }],
        });
    });

    it("reaches what it talks to, and nothing reaches it", async () => {
        const policies = objects<{ metadata: { name: string } }>(resources, "NetworkPolicy").map(({ metadata }) => metadata.name).filter(name => name.includes("migrate"));
        expect(policies.sort()).toEqual(["migrate-to-database-egress", "migrate-to-database-ingress"]);
    });

    it("waits in each pod for the database and for what it comes after, as restricted as the rest, and for nothing that comes later", async () => {
        const specOf = async (settings: object) =>
            pods(await run({ migrate: { ...migrate, ...settings }, queue: { ...image, port: 5672 }, later: { ...image, port: 80, after: ["migrate"] } })).find(({ owner }) => owner === "Job/migrate")!.spec;
        const { initContainers: [first, ...others] = [], containers } = await specOf({ talksTo: ["queue", "later"], after: ["queue"] });
        expect(first.command?.filter(word => /^\S+:\d+$/.test(word))).toEqual(["queue.shop:5672", "database.shop:3306"]);
        expect(others).toEqual([]);
        expect(first).toMatchObject({ securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } });
        expect(first.resources, "the pod needs no more than without it").toEqual(containers[0].resources);
        expect((await specOf({ database: false, talksTo: ["queue"] })).initContainers).toBeUndefined();
    });

    it.each([[3600, "30"], [60, "30"], [21, "10"], [1, "0"]])("with a deadline of %i seconds waits for at most %s", async (deadlineSeconds, expected) => {
        const { initContainers = [] } = pods(await run({ wait: { ...migrate, deadlineSeconds } })).find(({ owner }) => owner === "Job/wait")!.spec;
        expect(initContainers.map(({ name, command }) => [name, command?.[4]])).toEqual([["waiting", expected]]);
    });

    it("is tried again, but not if its node was drained, and is run again by the next update if it failed", async () => {
        const { metadata, spec } = jobIn(resources);
        expect(spec.backoffLimit).toBeGreaterThan(0);
        expect(spec.podFailurePolicy).toEqual({ rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }] });
        expect(metadata.annotations["pulumi.com/replaceUnready"]).toBe("true");
        // One that disappears is missing in a refresh, and runs again.
        expect(spec.ttlSecondsAfterFinished).toBeUndefined();
    });

    it.each([[undefined, 3600], [90, 90], [86_400, 86_400]])("with deadlineSeconds %j may take %i seconds, and Pulumi waits longer than that", async (deadlineSeconds, expected) => {
        const found = (await run({ migrate: { ...migrate, deadlineSeconds } })).find(({ type, name }) => type === "kubernetes:batch/v1:Job" && name === "migrate")!;
        const { spec } = found.inputs as unknown as JobObject;
        expect(spec.activeDeadlineSeconds).toBe(expected);
        expect(spec.template, "otherwise, it would run again").toEqual(jobIn(resources).spec.template);
        for (const timeout of [found.timeouts?.create, found.timeouts?.update]) expect(timeout).toBeGreaterThan(expected);
    });

    it.each<[string, object]>([
        ["its image", { image: "ghcr.io/example/shop:1.3" }], ["its command", { command: ["migrate", "--all"] }], ["a variable", { environment: { LOG: "debug" } }],
        ["a secret", { secrets: { OTHER: "key" } }], ["a file", { files: { "/etc/shop.ini": "a" } }], ["its user", { uid: 999 }],
    ])("runs again when %s changes", async (_, change) => {
        const [before, after] = [resources, await run({ migrate: { ...migrate, ...change } })].map(found => JSON.stringify(jobIn(found).spec.template));
        expect(after).not.toBe(before);
    });

    it.each([[true], [false]])("is created once the stack's database is ready, if it uses it: %j", async database => {
        const found = (await run({ migrate: { ...migrate, database }, other: { ...image, database: true } })).find(({ type, name }) => type === "landfall:workload:Job" && name === "migrate")!;
        expect(found.dependsOn.some(urn => urn.endsWith("apps/v1:StatefulSet::database"))).toBe(database);
    });

    it("has succeeded before what comes after it is created", async () => {
        // The SDK registers nothing below a component before what the component depends on has been created.
        const web = (resources).find(({ type, name }) => type === "landfall:workload:WebService" && name === "web")!;
        expect(web.dependsOn).toContainEqual(expect.stringMatching(/batch\/v1:Job::migrate$/));
    });
});
