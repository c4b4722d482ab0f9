import { describe, expect, test } from "vitest";
import { ClusterContext } from "../../../../../components/cluster";
import { awsRules } from "../../../support/aws-rules";
import { Change, changes } from "../../../support/changes";
import { captureEks, least } from "../../../support/eks";

interface Settings {
    settings?: object;
    context?: ClusterContext;
}

async function changed(before: Settings, after: Settings): Promise<Change[]> {
    const old = await captureEks(before.settings, before.context);
    const now = await captureEks(after.settings, after.context);
    return changes(old.resources, now.resources, awsRules);
}

const pool = { machineType: "m6i.large", min: 3, max: 10 };
const pools = (main: object = {}, more: object = {}) => ({ nodePools: { main: { ...pool, ...main }, ...more } });
const base = { kubernetesVersion: "1.35", viewers: ["arn:aws:iam::123456789012:role/Support"], ...pools() };

/** What changes every day → what it does, by resource. Nothing else may change. */
const everyday: [string, object, Record<string, string>][] = [
    ["larger machines", pools({ machineType: "m6i.xlarge" }), {
        "cluster-pool-main": "replace", "cluster-upgrade-main": "update", "cluster-upgrades-role": "update",
    }],
    ["more nodes at the least", pools({ min: 5 }), { "cluster-pool-main": "update" }],
    ["more nodes at the most", pools({ max: 30 }), { "cluster-pool-main": "update" }],
    ["other labels", pools({ labels: { tier: "web" } }), { "cluster-pool-main": "update" }],
    ["larger disks", pools({ diskSize: 100 }), { "cluster-template-main": "update", "cluster-pool-main": "update" }],
    ["spot machines", pools({ spot: true }), {
        "cluster-pool-main": "replace", "cluster-upgrade-main": "update", "cluster-upgrades-role": "update",
    }],
    ["one more pool", pools({}, { spot: { ...pool, spot: true } }), {
        "cluster-template-spot": "create", "cluster-pool-spot": "create", "cluster-upgrade-spot": "create",
        "cluster-upgrades-role": "update",
    }],
    ["the next version of Kubernetes", { kubernetesVersion: "1.36" }, {
        "cluster-control-plane": "update", "cluster-pool-main": "update",
    }],
    ["one more network that may reach the API server", { authorizedNetworks: ["203.0.113.0/24", "198.51.100.0/24"] }, {
        "cluster-control-plane": "update",
    }],
    ["fewer logs", { logTypes: ["audit"] }, { "cluster-control-plane": "update" }],
    ["one more tag", { tags: { "cost-center": "web" } }, {
        "cluster-aws": "update", "cluster-template-main": "update", "cluster-pool-main": "update",
        "cluster-aws-ebs-csi-driver": "update",
    }],
    ["another window", { maintenance: { day: "Tuesday", start: "03:30", hours: 6 } }, {
        "cluster-upgrade-main": "update",
    }],
    ["no protection", { deletionProtection: false }, {
        "cluster-control-plane": "update", "cluster-control-plane-logs": "update", "cluster-flows-logs": "update",
    }],
    ["one more administrator", { admins: [...least.admins, "arn:aws:iam::123456789012:user/jane"] }, {
        "cluster-admin-123456789012-user-jane": "create",
    }],
    ["one viewer less", { viewers: [] }, { "cluster-viewer-123456789012-role-Support": "delete" }],
    ["records of DNS", { dnsZone: "Z0123456789ABC" }, {
        "cluster-external-dns": "create", "cluster-external-dns-role": "create",
    }],
];

describe("on EKS", () => {
    test.each(everyday)("%s: no more than that changes, in place or pool by pool", async (_, after, expected) => {
        const found = await changed({ settings: base }, { settings: { ...base, ...after } });
        expect(Object.fromEntries(found.map(({ name, action }) => [name, action]))).toEqual(expected);
    });

    test.each<[string, Settings, Settings]>([
        ["production instead of development", { settings: { size: "development" } }, {}],
        ["development instead of production", {}, { settings: { size: "development" } }],
        ["Auto Mode instead of pools", {}, { settings: { provisioning: "auto" } }],
        ["pools instead of Auto Mode", { settings: { provisioning: "auto" } }, {}],
        ["data that goes with the cluster", {}, { context: { volumes: "delete" } }],
    ])("%s: the cluster stays, and all that is in it", async (_, before, after) => {
        const found = await changed(before, after);
        const lasting = ["cluster-control-plane", "cluster-provider", "cluster-key", "cluster-vpc", "cluster-files"];
        const replaced = found.filter(({ action }) => action === "replace" || action === "delete").map(({ name }) => name);
        expect(replaced.filter(name => lasting.includes(name))).toEqual([]);
    });

    test("a replaced pool exists before the old one is drained", async () => {
        const found = await changed({ settings: base }, { settings: { ...base, ...pools({ spot: true }) } });
        expect(found.filter(({ action }) => action === "replace")).toMatchObject([
            { name: "cluster-pool-main", deleteFirst: false },
        ]);
    });

    test.each([
        ["name", { name: "another" }], ["network", { network: "10.40.0.0/16" }],
        ["zones", { zones: ["eu-west-1a", "eu-west-1b", "eu-west-1d"] }],
    ])("another %s replaces everything, as the reference says", async (_, after) => {
        const found = await changed({ settings: base }, { settings: { ...base, ...after } });
        const replaced = found.filter(({ action }) => action === "replace").map(({ name }) => name);
        expect(replaced).toEqual(expect.arrayContaining(["cluster-control-plane", "cluster-pool-main"]));
    });

    test("the rules know every type that is made", async () => {
        const { resources } = await captureEks(base);
        const types = new Set(resources.filter(({ custom }) => custom).map(({ type }) => type));
        const without = [
            "pulumi:providers:aws", "aws:kms/key:Key", "aws:ec2/eip:Eip",
            "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        ];
        expect([...types].filter(type => !(type in awsRules.replacing) && !without.includes(type))).toEqual([]);
    });
});
