import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSettings } from "../../../../../infra/config";
import { Registered } from "../../../../../infra/cli/capture";
import { isPlainKey } from "../../../../../infra/config/schema/fields";
import { captureCluster } from "../../../support/cluster";
import { limitProblems } from "../../../support/gcp-limits";
import { sdkProblems } from "../../../support/gcp-sdk";
import { gkeArgs, gkeTypes, gkeVariants } from "../../../support/gke";
import { apiProblems } from "../../../support/gke-api";

/** What Google would refuse of it. */
function problemsOf({ type, name, inputs }: Pick<Registered, "type" | "name" | "inputs">): string[] {
    const resource = { type, inputs };
    const isContainer = type === gkeTypes.cluster || type === gkeTypes.nodePool;
    return [
        ...type.startsWith("gcp:") ? sdkProblems(resource) : [],
        ...isContainer ? apiProblems(resource) : [],
        ...limitProblems(resource),
    ].map(problem => `${name}: ${problem}`);
}

describe.each(gkeVariants)("a cluster of GKE (%s)", (_, args) => {
    test("is one that its API, the provider and Google's limits take", async () => {
        const { resources } = await captureCluster(args);
        expect(resources.filter(({ type }) => type.startsWith("gcp:")).length).toBeGreaterThan(30);
        expect(resources.flatMap(problemsOf)).toEqual([]);
    });
});

const letters = [..."abcdefghijklmnopqrstuvwxyz"];
const word = (longest: number) => fc.tuple(
    fc.constantFrom(...letters),
    fc.string({ unit: fc.constantFrom(...letters, ..."0123456789-"), maxLength: longest - 2 }),
    fc.constantFrom(...letters, ..."0123456789"),
).map(parts => parts.join(""));
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const tags = fc.dictionary(word(20).filter(isPlainKey), word(63), { maxKeys: 3 });

const nodePool = fc.record({
    machineType: fc.constantFrom("e2-standard-4", "n2-highmem-16", "n2d-standard-8", "e2-custom-4-8192"),
    min: some(fc.integer({ min: 0, max: 10 })), max: some(fc.integer({ min: 10, max: 1000 })),
    diskSize: some(fc.integer({ min: 30, max: 2000 })), spot: some(fc.boolean()),
    labels: some(fc.constant({ "example.com/tier": "web" })),
});
const settings = fc.record({
    name: some(word(24)), size: some(fc.constantFrom("development", "production")),
    project: word(28).map(text => `p${text}0`.padEnd(6, "0")),
    zones: some(fc.constant(["europe-west3-a", "europe-west3-b"])),
    authorizedNetworks: fc.constantFrom(["203.0.113.0/24"], ["198.18.0.0/15", "203.0.113.7/32"]),
    network: some(fc.constantFrom("10.0.0.0/8", "10.20.0.0/16", "172.16.0.0/12", "192.168.64.0/18")),
    pools: fc.oneof(
        fc.record({
            nodePools: some(fc.dictionary(fc.constantFrom("web", "spot", "a1"), nodePool, { minKeys: 1 })),
        }),
        fc.constant({ provisioning: "auto" }),
    ),
    maintenance: some(fc.record({
        day: some(fc.constantFrom("Monday", "Thursday", "Saturday", "Sunday")),
        start: some(fc.constantFrom("00:00", "03:30", "23:59")), hours: some(fc.integer({ min: 12, max: 24 })),
    })),
    deletionProtection: some(fc.boolean()), tags: some(tags),
    admins: some(fc.constantFrom(
        ["user:a@example.com"], ["group:a@example.com", "serviceAccount:b@c.iam.gserviceaccount.com"])),
    viewers: some(fc.constant(["principalSet://iam.googleapis.com/locations/global/workforcePools/p/group/g"])),
    dnsZone: some(word(40)),
}).map(({ pools, ...given }) =>
    // What is undefined is not in a file.
    JSON.parse(JSON.stringify({ target: "gke", region: "europe-west3", ...given, ...pools })) as object);

test("any cluster that the config lets through is one that they take", { timeout: 300_000 }, async () => {
    await fc.assert(fc.asyncProperty(settings, async given => {
        const raw = { cluster: given, environment: { name: "test", host: "www.example.com" } };
        const { cluster, environment } = parseSettings(raw, "test");
        if (cluster.target !== "gke") throw new Error("It is of another target.");
        const { resources } = await captureCluster(cluster, { volumes: environment.volumes });
        expect(resources.flatMap(problemsOf)).toEqual([]);
        expect(resources.some(({ type }) => type === gkeTypes.nodePool)).toBe(cluster.provisioning === "pools");
    }), { numRuns: 30 });
});

describe("the check", () => {
    /** The production cluster with one input of one of its resources spoilt. */
    async function spoil(type: string, change: (inputs: never) => void): Promise<string[]> {
        const { ofType } = await captureCluster(gkeArgs);
        const [{ name, inputs }] = ofType(type);
        const spoilt = structuredClone(inputs);
        change(spoilt as never);
        return problemsOf({ type, name, inputs: spoilt });
    }

    test.each<[string, string, (inputs: never) => void, RegExp]>([
        ["a word that is none of the API's", gkeTypes.cluster, (inputs: {
            loggingConfig: { enableComponents: string[] };
        }) => {
            inputs.loggingConfig.enableComponents.push("AUDIT");
        }, /enableComponents\[5\] is none of .*"AUDIT"/],
        ["a field that the API has not", gkeTypes.nodePool, (inputs: { nodeConfig: Record<string, unknown> }) => {
            inputs.nodeConfig.diskSizeGB = 50;
        }, /diskSizeGB is no (field|input)/],
        ["a number in place of a text", gkeTypes.cluster, (inputs: { minMasterVersion: unknown }) => {
            inputs.minMasterVersion = 1.35;
        }, /initialClusterVersion is no string: 1.35/],
        ["a field that the API fills in", gkeTypes.cluster, (inputs: {
            controlPlaneEndpointsConfig: { dnsEndpointConfig: Record<string, unknown> };
        }) => {
            inputs.controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint = "x";
        }, /endpoint is filled in by the API/],
        ["a missing input", gkeTypes.nodePool, (inputs: { cluster?: string }) => {
            delete inputs.cluster;
        }, /NodePool.cluster is missing/],
        ["a window that is too short", gkeTypes.cluster, (inputs: {
            maintenancePolicy: { recurringWindow: { endTime: string } };
        }) => {
            inputs.maintenancePolicy.recurringWindow.endTime = "2026-01-11T06:00:00Z";
        }, /maintenancePolicy is beyond its limits/],
        ["a name that is too long", "gcp:serviceaccount/account:Account", (inputs: { accountId: string }) => {
            inputs.accountId += "-of-the-cluster-of-acme";
        }, /accountId is beyond its limits/],
        ["a word of another service", "gcp:compute/routerNat:RouterNat", (inputs: {
            logConfig: { filter: string };
        }) => {
            inputs.logConfig.filter = "NONE";
        }, /filter is none of ERRORS_ONLY/],
    ])("finds %s", async (_, type, change, problem) => {
        expect((await spoil(type, change)).join("\n")).toMatch(problem);
    });
});
