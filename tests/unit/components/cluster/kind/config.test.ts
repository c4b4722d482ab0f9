import * as fc from "fast-check";
import { expect, test } from "vitest";
import { renderKindConfig } from "../../../../../components/cluster/kind/config";

const image = "kindest/node:v1.36.3@sha256:0000000000000000000000000000000000000000000000000000000000000000";
const args = { nodes: 2, image, http: 8080, https: 8443, data: "~/.landfall/landfall-dev/volumes" };

interface Config {
    networking: Record<string, string>;
    nodes: {
        role: string;
        image: string;
        extraMounts: unknown[];
        kubeadmConfigPatches?: string[];
        extraPortMappings?: { hostPort: number; listenAddress: string }[];
    }[];
}

test("is what kind is to be given, word by word", async () => {
    const subnets = { podSubnet: "198.18.0.0/16", serviceSubnet: "198.19.0.0/20" };
    // A change replaces every user's cluster.
    await expect(`${renderKindConfig({ ...args, ...subnets })}\n`).toMatchFileSnapshot("golden/two-nodes.json");
});

test("publishes two ports, on 127.0.0.1 only, and pins every node's image, whatever the settings", () => {
    const port = fc.integer({ min: 1, max: 65535 });
    fc.assert(fc.property(fc.integer({ min: 1, max: 10 }), port, port, (nodes, http, https) => {
        const config = JSON.parse(renderKindConfig({ ...args, nodes, http, https })) as Config;
        expect(config.nodes.map(node => node.role)).toEqual(["control-plane", ...Array(nodes - 1).fill("worker")]);
        expect(new Set(config.nodes.map(node => node.image))).toEqual(new Set([image]));
        const ports = config.nodes.flatMap(node => node.extraPortMappings ?? []);
        expect(ports.map(({ hostPort }) => hostPort)).toEqual([http, https]);
        expect(ports.every(({ listenAddress }) => listenAddress === "127.0.0.1")).toBe(true);
        expect(config.networking).toEqual({ apiServerAddress: "127.0.0.1" });
    }));
});

test("all nodes take pods: kind sees to a single one itself, and fails if it finds no taint to take away", () => {
    const patches = (nodes: number): unknown =>
        (JSON.parse(renderKindConfig({ ...args, nodes })) as Config).nodes[0].kubeadmConfigPatches;
    expect(patches(1)).toBeUndefined();
    expect(patches(2)).toEqual(['{"kind":"InitConfiguration","nodeRegistration":{"taints":[]}}']);
});
