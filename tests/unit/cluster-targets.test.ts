import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { expect, test } from "vitest";

const root = path.resolve(__dirname, "../..");

/** The files that a program loads to make a cluster, relative to the project. */
function loadedBy(target: string, settings: object): string[] {
    const program = `
        const { createCluster } = require("./components/cluster");
        const mocks = { newResource: ({ name, inputs }) => ({ id: name, state: inputs }), call: () => ({}) };
        require("@pulumi/pulumi").runtime.setMocks(mocks).then(() => {
            createCluster(${JSON.stringify({ target, name: "test", ...settings })});
            console.log(JSON.stringify(Object.keys(require.cache)));
        });
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "--eval", program], {
        cwd: root, encoding: "utf8", env: { ...process.env, LANDFALL_RENDER: "1" },
    });
    if (!stdout) throw new Error(stderr);
    return (JSON.parse(stdout) as string[]).map(file => path.relative(root, file).split(path.sep).join("/"));
}

const eks = {
    size: "production", account: "123456789012", region: "eu-west-1", zones: ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
    kubernetesVersion: "1.35", authorizedNetworks: [], network: "10.20.0.0/16", admins: [], viewers: [],
    provisioning: "pools", nodePools: { main: { machineType: "m6i.large", min: 1, max: 2, diskSize: 50, labels: {} } },
    maintenance: { day: "Sunday", start: "02:00", hours: 4 }, logTypes: [], deletionProtection: true, tags: {},
};

/** The clouds' SDKs, by the target that takes them. */
const sdks: Record<string, string> = { eks: "aws" };

test.each<[string, object]>([
    ["kind", { nodes: 1, image: "x", http: 1, https: 2 }],
    ["minikube", { nodes: 1, cpus: 2, memory: "4Gi", http: 1, https: 2 }],
    ["existing", {}],
    ["eks", eks],
])("%s loads no other target, nor what only another needs", (target, settings) => {
    const files = loadedBy(target, settings);
    const targets = files.flatMap(file => /^components\/cluster\/(\w+)\/index\.ts$/.exec(file)?.[1] ?? []);
    expect(targets).toEqual([target]);
    const clouds = files.flatMap(file => /^node_modules\/@pulumi\/(aws|gcp|azure-native)\//.exec(file)?.[1] ?? []);
    expect([...new Set(clouds)]).toEqual(target in sdks ? [sdks[target]] : []);
    const needsCommands = target !== "existing";
    expect(files.some(file => file.startsWith("node_modules/@pulumi/command/"))).toBe(needsCommands);
});

test("eks loads of the SDK for AWS the services that it takes, and no other", () => {
    const files = loadedBy("eks", eks);
    const services = files.flatMap(file => /^node_modules\/@pulumi\/aws\/(?!types)(\w+)\//.exec(file)?.[1] ?? []);
    expect([...new Set(services)].sort()).toEqual([
        "cloudwatch", "ec2", "ecr", "efs", "eks", "iam", "kms", "scheduler", "vpc",
    ]);
});
