import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { expect, test } from "vitest";
import { readSettings } from "../../../../infra/cli/settings";

const root = path.resolve(__dirname, "../../../..");

/** The files that a program loads to make the cluster of a stack of this project, relative to the project. */
function loadedBy(stack: string): string[] {
    const { cluster } = readSettings(stack, path.join(root, `Pulumi.${stack}.yaml`));
    const script = `
        const { captureProgram } = require("./infra/cli/capture");
        const { createCluster } = require("./components/cluster");
        const program = async () => void createCluster(${JSON.stringify(cluster)});
        captureProgram({ stack: "${stack}", config: {}, program })
            .then(() => console.log(JSON.stringify(Object.keys(require.cache))));
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "--eval", script], {
        cwd: root, encoding: "utf8", env: { ...process.env, LANDFALL_RENDER: "1" },
    });
    if (!stdout) throw new Error(stderr);
    return (JSON.parse(stdout) as string[]).map(file => path.relative(root, file).split(path.sep).join("/"));
}

function matches(files: string[], pattern: RegExp): string[] {
    return [...new Set(files.flatMap(file => pattern.exec(file)?.[1] ?? []))].sort();
}

/** Each target's example, the SDK of its cloud, and the services of it that it takes. */
test.each<[string, string, string[], string[]]>([
    ["kind", "dev", [], []],
    ["minikube", "minikube", [], []],
    ["existing", "prod", [], []],
    ["baremetal", "server", [], []],
    ["eks", "eks", ["aws"], ["cloudwatch", "ec2", "ecr", "efs", "eks", "iam", "kms", "scheduler", "vpc"]],
    ["gke", "gke", ["gcp"], [
        "artifactregistry", "compute", "container", "dns", "kms", "logging", "organizations", "projects",
        "serviceaccount",
    ]],
    ["aks", "aks", ["azure-native"], [
        "authorization", "containerregistry", "containerservice", "keyvault", "managedidentity", "monitor", "network",
        "operationalinsights", "resources", "storage",
    ]],
])("%s loads no other target, and of the clouds' packages only its own services", (target, stack, sdks, services) => {
    const files = loadedBy(stack);
    expect(matches(files, /^components\/cluster\/(?!ownership)(\w+)\/index\.ts$/)).toEqual([target]);
    expect(matches(files, /^node_modules\/@pulumi\/(aws|gcp|azure-native)\//)).toEqual(sdks);
    const shared = ["config", "types"];
    expect(matches(files, /^node_modules\/@pulumi\/(?:aws|gcp|azure-native)\/(\w+)\//)
        .filter(service => !shared.includes(service))).toEqual(services);
    expect(files.some(file => file.startsWith("node_modules/@pulumi/command/"))).toBe(target !== "existing");
});
