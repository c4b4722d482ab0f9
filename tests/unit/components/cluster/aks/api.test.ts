import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AksArgs } from "../../../../../components/cluster/aks";
import { parseSettings } from "../../../../../infra/config";
import { Registered } from "../../../../../infra/cli/capture";
import { isPlainKey } from "../../../../../infra/config/schema/fields";
import { aksArgs, captureAks } from "../../../support/aks";
import { isModelled, modelProblems } from "../../../support/azure-model";
import { declarationProblems } from "../../../support/azure-types";

/** All that is wrong with what would be sent to Azure. */
function problems(resources: Registered[]): string[] {
    return resources.filter(({ type }) => type.startsWith("azure-native:")).flatMap(resource => {
        const found = [...declarationProblems(resource), ...isModelled(resource.type) ? modelProblems(resource) : []];
        return found.map(problem => `${resource.name}: ${problem}`);
    });
}

const zoneId = "/subscriptions/12345678-aaaa-bbbb-cccc-1234567890ab/resourceGroups/dns/providers/Microsoft.Network/" +
    "dnsZones/example.com";

describe("what is sent to Azure", () => {
    test.each<[string, Partial<AksArgs>]>([
        ["a development cluster", { size: "development" }],
        ["a production cluster", { size: "production" }],
        ["a cluster whose machines Azure chooses", { provisioning: "auto" }],
        ["a cluster with DNS, spot machines and viewers", {
            dnsZone: zoneId, viewers: ["23456789-aaaa-bbbb-cccc-9876543210ab"],
            nodePools: {
                cheap: { machineType: "Standard_D8as_v5", min: 0, max: 5, diskSize: 30, spot: true, labels: {} },
            },
        }],
    ])("for %s is as Azure's own model and the provider's declarations want it", async (_, changes) => {
        const { resources } = await captureAks(changes);
        expect(problems(resources)).toEqual([]);
        expect(resources.filter(({ type }) => isModelled(type)).length).toBeGreaterThanOrEqual(7);
    });

    test("is so for all settings that the config accepts", { timeout: 120_000 }, async () => {
        await fc.assert(fc.asyncProperty(settings, async given => {
            const environment = { host: "www.example.com" };
            const { cluster } = parseSettings({ cluster: given, environment }, "prod");
            if (cluster.target !== "aks") throw new Error("not this target");
            const { resources } = await captureAks(cluster);
            expect(problems(resources)).toEqual([]);
        }), { numRuns: 15 });
    });
});

describe("the check", () => {
    const wrongs: [string, string, object, RegExp][] = [
        ["a name that is too long", "cluster-control-plane", { resourceName: "x".repeat(64) },
            /resourceName.*MaxLength 63/],
        ["a pool's name with a hyphen", "cluster-pool-web", { agentPoolName: "web-1" }, /agentPoolName.*Pattern/],
        ["a word that there is not", "cluster-control-plane", { autoUpgradeProfile: { upgradeChannel: "regular" } },
            /upgradeChannel is "regular", not of/],
        ["a window that is too short", "cluster-maintenance-nodes", {
            maintenanceWindow: {
                schedule: { weekly: { intervalWeeks: 1, dayOfWeek: "Sunday" } }, startTime: "02:00", durationHours: 3,
            },
        }, /durationHours is 3, against InclusiveMinimum 4/],
        ["a missing location", "cluster-control-plane", { location: undefined }, /location is missing/],
        ["a property that there is not", "cluster-control-plane", { networkProfile: { networkDriver: "azure" } },
            /networkProfile.networkDriver is not known/],
        ["a vault's name with an underscore", "cluster-vault", { vaultName: "my_vault" }, /vaultName.*Pattern/],
        ["a registry's name with a hyphen", "cluster-registry", { registryName: "my-registry" },
            /registryName.*Pattern/],
        ["a kind of disk that there is not", "cluster-shares", { sku: { name: "Premium_XRS" } }, /Premium_XRS/],
    ];

    test.each(wrongs)("finds %s", async (_, name, change, expected) => {
        const { find } = await captureAks({});
        const resource = find(name);
        expect(problems([{ ...resource, inputs: { ...resource.inputs, ...change } }]).join("\n")).toMatch(expected);
    });
});

const letters = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz");
const characters = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789");
const word = (longest: number) =>
    fc.tuple(letters, fc.string({ unit: characters, maxLength: longest - 1 })).map(([first, rest]) => first + rest);
const pool = fc.record({
    machineType: fc.constantFrom("Standard_D4as_v5", "Standard_B2ms", "Standard_E8ads_v5", "Standard_NC4as_T4_v3"),
    min: fc.integer({ min: 0, max: 5 }), max: fc.integer({ min: 5, max: 60 }),
    diskSize: fc.integer({ min: 30, max: 2000 }), spot: fc.boolean(), labels: fc.constantFrom({}, { tier: "web" }),
});
const settings = fc.record({
    name: fc.oneof(word(40), fc.constantFrom("a", "0", "a--b", "landfall-0-1", `a${"-b".repeat(19)}c`)),
    size: fc.constantFrom("development", "production"),
    kubernetesVersion: fc.constantFrom("1.35", "1.36"),
    authorizedNetworks: fc.array(fc.ipV4().map(address => `${address}/32`), { minLength: 1, maxLength: 199 }),
    network: fc.constantFrom("10.20.0.0/16", "192.168.0.0/18", "198.18.0.0/18"),
    // The database needs one without spot machines.
    pools: fc.option(fc.dictionary(word(12).filter(isPlainKey), pool, { minKeys: 1, maxKeys: 4 })
        .filter(pools => Object.values(pools).some(({ spot }) => !spot)), { nil: undefined }),
    zones: fc.constantFrom(["1", "2", "3"], ["3", "1"], ["2", "2", "1"]),
    maintenance: fc.record({
        day: fc.constantFrom("Monday", "Sunday"), start: fc.constantFrom("00:00", "23:59"),
        hours: fc.integer({ min: 4, max: 24 }),
    }),
    encryptionAtHost: fc.option(fc.boolean(), { nil: undefined }),
    dnsZone: fc.constantFrom(undefined, zoneId),
    viewers: fc.constantFrom([], ["23456789-aaaa-bbbb-cccc-9876543210ab"]),
    tags: fc.constantFrom({}, { "cost-center": "web" }),
}).map(({ pools, ...given }) => {
    const { target, subscription, location, admins } = aksArgs;
    const provisioning = pools ? {} : { provisioning: "auto" };
    const all = { target, subscription, location, admins, ...given, ...provisioning, nodePools: pools };
    return JSON.parse(JSON.stringify(all)) as object;
});
