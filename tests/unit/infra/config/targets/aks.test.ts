import { describe, expect, test } from "vitest";
import { parseSettings, SettingsError } from "../../../../../infra/config";

const person = "87654321-aaaa-bbbb-cccc-ba0987654321";
const least = {
    target: "aks", subscription: "12345678-aaaa-bbbb-cccc-1234567890ab", location: "westeurope", admins: [person],
    authorizedNetworks: ["203.0.113.0/24"],
};
const pool = { machineType: "Standard_D4as_v5", min: 1, max: 3 };

function problemsOf(changes: object): string[] {
    try {
        parseSettings({ cluster: { ...least, ...changes }, environment: { host: "www.example.com" } }, "prod");
    } catch (error) {
        if (error instanceof SettingsError) return error.problems.map(({ key, problem }) => `${key} ${problem}`);
        throw error;
    }
    return [];
}

describe("a cluster of AKS", () => {
    test("needs a subscription, a region, an administrator and networks, and nothing else", () => {
        expect(problemsOf({})).toEqual([]);
        const missing = Object.keys(least).filter(key => key !== "target");
        expect(problemsOf(Object.fromEntries(missing.map(key => [key, undefined]))).sort()).toEqual(
            missing.map(key => `landfall:cluster.${key} is missing`).sort());
    });

    test.each<[string, object, RegExp]>([
        ["pods and network that overlap", { podSubnet: "10.0.0.0/8" }, /podSubnet overlaps landfall:cluster.network$/],
        ["services and pods that overlap", { serviceSubnet: "10.128.0.0/16" }, /serviceSubnet overlaps .*podSubnet$/],
        ["a network that AKS uses itself", { serviceSubnet: "172.30.0.0/16" }, /serviceSubnet overlaps 172.30.0.0\/16/],
        ["more nodes than the pods' network holds", {
            podSubnet: "198.18.0.0/20", nodePools: { web: { ...pool, max: 12 } },
        }, /podSubnet has room for 16 nodes only, and there may be 20/],
        ["more nodes than the nodes' network holds", {
            podSubnet: "11.0.0.0/8",
            nodePools: Object.fromEntries([..."abcd"].map(name => [name, { ...pool, max: 1000 }])),
        }, /podSubnet has room for 4091 nodes only/],
        ["spot machines only", { nodePools: { web: { ...pool, spot: true }, cheap: { ...pool, spot: true } } }, /nodePools are all of spot machines/],
        ["one zone for production", { zones: ["2"] }, /zones is one zone only/],
        ["someone who is named twice", { viewers: [person] }, /viewers names 87654321-.* a second time/],
        ["pools where Azure chooses the machines", { provisioning: "auto", nodePools: { web: pool } },
            /nodePools have no effect/],
        ["too many networks", { authorizedNetworks: Array.from({ length: 200 }, (_, index) => `203.0.${index}.0/24`) },
            /authorizedNetworks has 200 networks/],
        ["a zone that is a name", { dnsZone: "example.com" }, /dnsZone is not valid/],
        ["a machine of another cloud", { nodePools: { web: { ...pool, machineType: "m6i.large" } } },
            /machineType is not valid/],
        ["a person's name", { admins: ["me@example.com"] }, /admins is not valid/],
    ])("may not have %s", (_, changes, expected) => {
        const problems = problemsOf(changes);
        expect(problems).toHaveLength(1);
        expect(problems[0]).toMatch(expected);
    });

    test("may have one zone for development", () => {
        expect(problemsOf({ size: "development", zones: ["2"] })).toEqual([]);
    });
});
