import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Registered } from "../../../../../infra/cli/capture";
import { isPlainKey } from "../../../../../infra/config/schema/fields";
import { captureEks, variants } from "../../../support/eks";
import { calls, refusals } from "../../../support/aws-requests";

describe("what EKS is asked for", () => {
    test.each(variants)("is what AWS takes, $size with $provisioning", async variant => {
        const { resources } = await captureEks({ ...variant, dnsZone: "Z0123456789ABC", tags: { team: "web" } });
        const held = resources.filter(({ type }) => type in calls);
        expect(new Set(held.map(({ type }) => type)).size).toBe(Object.keys(calls).length -
            // Auto Mode has no node groups, and nothing of theirs.
            (variant.provisioning === "auto" ? 3 : 0));
        expect(refusals(resources)).toEqual([]);
    });

    /** Any settings that the config takes, within what differs between clusters. */
    const plain = { noNullPrototype: true }; // as the config's are
    const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/);
    const word = fc.stringMatching(/^[a-z][a-z0-9_-]{0,20}$/);
    const label = fc.stringMatching(/^[A-Za-z0-9]{1,63}$/);
    const nodePool = fc.record({
        machineType: fc.constantFrom("m6i.large", "m7g.xlarge,c7g.xlarge", "t3.medium", "r6i.2xlarge,r5.2xlarge"),
        min: fc.integer({ min: 0, max: 20 }),
        max: fc.integer({ min: 20, max: 1000 }),
        diskSize: fc.integer({ min: 30, max: 2000 }),
        spot: fc.boolean(),
        labels: fc.dictionary(label.filter(isPlainKey), label, { ...plain, maxKeys: 3 }),
    }, plain);
    const settings = fc.record({
        name,
        size: fc.constantFrom("development", "production"),
        nodePools: fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9]{0,11}$/).filter(isPlainKey), nodePool, { ...plain, minKeys: 1, maxKeys: 3 }),
        network: fc.constantFrom("10.20.0.0/16", "172.16.0.0/16", "172.31.0.0/17", "192.168.64.0/18", "100.64.0.0/16"),
        logTypes: fc.uniqueArray(fc.constantFrom("api", "audit", "authenticator", "controllerManager", "scheduler")),
        maintenance: fc.record({
            day: fc.constantFrom("Monday", "Saturday", "Sunday"),
            start: fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
                .map(time => time.map(part => String(part).padStart(2, "0")).join(":")),
            hours: fc.integer({ min: 4, max: 24 }),
        }, plain),
        tags: fc.dictionary(word.filter(isPlainKey), word, { ...plain, maxKeys: 40 }),
    }, plain);

    test("is what AWS takes, whatever the config takes", async () => {
        await fc.assert(fc.asyncProperty(settings, async given => {
            expect(refusals((await captureEks(given)).resources)).toEqual([]);
        }), { numRuns: 15 });
    });
});

describe("the check of requests", () => {
    type Inputs = Record<string, Record<string, unknown> | undefined> & Record<"upgradePolicy" | "accessConfig"
        | "storageConfig" | "kubernetesNetworkConfig", Record<string, unknown>>;

    test.each<[string, string, (inputs: Inputs) => void]>([
        ["a word that there is not", "cluster-control-plane: upgradePolicy.supportType is none of EXTENDED,STANDARD",
            inputs => inputs.upgradePolicy.supportType = "FREE"],
        ["a member that there is not", "cluster-control-plane: accessConfig.mode is not known",
            inputs => inputs.accessConfig.mode = "API"],
        ["a type that is another", "cluster-control-plane: storageConfig.blockStorage.enabled is no boolean",
            inputs => inputs.storageConfig.blockStorage = { enabled: "yes" }],
        ["what has to be there", "cluster-control-plane: roleArn is missing", inputs => delete inputs.roleArn],
        ["a value out of bounds", "cluster-control-plane: kubernetesNetworkConfig.serviceIpv4Cidr is not like",
            inputs => inputs.kubernetesNetworkConfig.serviceIpv4Cidr = "203.0.113.0/24"],
    ])("finds %s", async (_, problem, spoil) => {
        const { find } = await captureEks();
        const spoiled = structuredClone(find("cluster-control-plane").inputs) as Inputs;
        spoil(spoiled);
        const [refusal, ...more] = refusals([{ ...find("cluster-control-plane"), inputs: spoiled } as Registered]);
        expect(refusal).toContain(problem);
        expect(more).toEqual([]);
    });

    test("finds what is wrong with pools, their machines and their disks", async () => {
        const { find } = await captureEks();
        const spoiled = (resource: Registered, changes: object): Registered =>
            ({ ...resource, inputs: { ...resource.inputs, ...changes } as Registered["inputs"] });
        const pool = find("cluster-pool-main");
        expect(refusals([spoiled(pool, { instanceTypes: ["m6i.enormous"] })])[0])
            .toMatch(/instanceTypes\[\] is none of/);
        expect(refusals([spoiled(pool, { scalingConfig: { minSize: -1, maxSize: 0, desiredSize: 0 } })])).toEqual([
            "cluster-pool-main: scalingConfig.minSize is less than 0",
            "cluster-pool-main: scalingConfig.maxSize is less than 1",
        ]);
        expect(refusals([spoiled(pool, { labels: { tier: "" } })]))
            .toEqual(["cluster-pool-main: labels{} is less than 1"]);
        const template = find("cluster-template-main");
        expect(refusals([spoiled(template, { metadataOptions: { httpTokens: "always" } })])[0])
            .toMatch(/HttpTokens is none of optional,required/);
    });
});
