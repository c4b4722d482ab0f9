import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readSettings } from "../../../../infra/cli/stack/config";

const root = path.resolve(__dirname, "../../../..");

/** Of stacks of this project, the files that a program loads to make their clusters, relative to the project. */
function loadedBy(stacks: string[]): Record<string, string[]> {
    const clusters = stacks.map(stack => [stack, readSettings(stack, path.join(root, `Pulumi.${stack}.yaml`)).cluster]);
    // Each is made as if none had been before: what it has loaded is forgotten.
    const script = `
        const { captureProgram } = require("./infra/cli/capture");
        const { createCluster } = require("./components/cluster");
        const common = new Set(Object.keys(require.cache));
        const loaded = {};
        (async () => {
            for (const [stack, cluster] of ${JSON.stringify(clusters)}) {
                await captureProgram({ stack, config: {}, program: async () => void createCluster(cluster) });
                loaded[stack] = Object.keys(require.cache);
                for (const file of loaded[stack]) if (!common.has(file)) delete require.cache[file];
            }
            console.log(JSON.stringify(loaded));
        })();
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", "--eval", script], {
        cwd: root, encoding: "utf8", env: { ...process.env, LANDFALL_RENDER: "1" },
    });
    if (!stdout) throw new Error(stderr);
    const relative = (file: string) => path.relative(root, file).split(path.sep).join("/");
    return Object.fromEntries(Object.entries(JSON.parse(stdout) as Record<string, string[]>)
        .map(([stack, files]) => [stack, files.map(relative)]));
}

function matches(files: string[], pattern: RegExp): string[] {
    return [...new Set(files.flatMap(file => pattern.exec(file)?.[1] ?? []))].sort();
}

let loaded: Record<string, string[]>;
beforeAll(() => void (loaded = loadedBy(["dev", "minikube", "prod", "server", "eks", "gke", "aks"])));

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
    const files = loaded[stack];
    expect(matches(files, /^components\/cluster\/(?!ownership)(\w+)\/index\.ts$/)).toEqual([target]);
    expect(matches(files, /^node_modules\/@pulumi\/(aws|gcp|azure-native)\//)).toEqual(sdks);
    const shared = ["config", "types"];
    expect(matches(files, /^node_modules\/@pulumi\/(?:aws|gcp|azure-native)\/(\w+)\//)
        .filter(service => !shared.includes(service))).toEqual(services);
    expect(files.some(file => file.startsWith("node_modules/@pulumi/command/"))).toBe(target !== "existing");
});
