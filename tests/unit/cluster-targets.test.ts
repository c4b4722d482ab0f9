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

test.each<[string, object]>([
    ["kind", { nodes: 1, image: "x", http: 1, https: 2 }],
    ["minikube", { nodes: 1, cpus: 2, memory: "4Gi", http: 1, https: 2 }],
    ["existing", {}],
    ["baremetal", { nodes: { server: { host: "203.0.113.11" } } }],
])("%s loads no other target, nor what only another needs", (target, settings) => {
    const files = loadedBy(target, settings);
    const targets = files.flatMap(file => /^components\/cluster\/(\w+)\/index\.ts$/.exec(file)?.[1] ?? []);
    expect(targets).toEqual([target]);
    const needsCommands = target !== "existing";
    expect(files.some(file => file.startsWith("node_modules/@pulumi/command/"))).toBe(needsCommands);
});
