import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { firstAddress, parseRange, rangesOverlap } from "../../../../../../components/cluster/ipv4";
import { manifestsFor, parseSettings, SettingsError } from "../../../../../../infra/config";
import type { BareMetal } from "../../../../support/baremetal";
import { captureCluster } from "../../../../support/cluster";

const server = { host: "203.0.113.11" };
const addressPool = ["203.0.113.100-203.0.113.110", "203.0.113.128/28"];

const parse = (cluster: object) => parseSettings({
    cluster: { target: "baremetal", nodes: { server }, ...cluster }, environment: { host: "a.example.com" },
}, "prod");

/** The problems of the cluster's settings, each as `key problem`. */
function problems(cluster: object): string[] {
    try {
        parse(cluster);
    } catch (error) {
        if (error instanceof SettingsError) return error.problems.map(({ key, problem }) => `${key} ${problem}`);
        throw error;
    }
    return [];
}

describe("a pool of addresses", () => {
    test.each([[addressPool], [["203.0.113.9-203.0.113.9"]], [["203.0.113.20/32"]], [["203.0.113.0/29"]]])(
        "may be %s", pool => expect(problems({ addressPool: pool })).toEqual([]));

    test.each<[string, unknown[]]>([
        ["is empty", []],
        ["ends before it begins", ["203.0.113.110-203.0.113.100"]],
        ["has bits set beyond its length", ["203.0.113.100/28"]],
        ["is one address without a length", ["203.0.113.100"]],
        ["is longer than an address", ["203.0.113.128/33"]],
        ["is IPv6", ["2001:db8::1-2001:db8::9"]],
        ["has a number too high", ["203.0.113.100-203.0.113.256"]],
        ["has a number with a leading zero", ["203.0.113.010-203.0.113.011"]],
        ["is text", ["addresses"]],
        ["is a number", [7]],
    ])("that %s is refused, with what is allowed", (_, pool) => {
        expect(() => parse({ addressPool: pool })).toThrow(/landfall:cluster\.addressPool.*(range|ranges)/s);
    });

    test.each<[string, object, RegExp]>([
        ["beside a virtual address for the gateway", { gatewayAddress: "203.0.113.9" },
            /addressPool and landfall:cluster\.gatewayAddress are both given/],
        ["with a machine in it", { nodes: { server: { host: "203.0.113.105" } } }, /addressPool holds the address of server/],
        ["with a machine's address on the shared network in it",
            { nodes: { server: { host: "one.example.com", address: "203.0.113.129" } } }, /holds the address of server/],
        ["with the API's address in it", { virtualAddress: "203.0.113.101" }, /holds landfall:cluster\.virtualAddress/],
        ["with the API's load balancer in it", { endpoint: "203.0.113.101:6443" },
            /holds the address of landfall:cluster\.endpoint/],
        ["among the pods", { addressPool: ["10.244.9.1-10.244.9.9"] }, /addressPool overlaps landfall:cluster\.podSubnet/],
        ["among the services", { addressPool: ["10.96.0.0/24"] }, /addressPool overlaps landfall:cluster\.serviceSubnet/],
        ["that names addresses twice", { addressPool: ["203.0.113.0/25", "203.0.113.100-203.0.113.110"], nodes: { server: {
            host: "203.0.113.200" } } }, /addressPool names an address twice/],
        ["of nothing that can be handed out", { addressPool: ["203.0.113.255/32"] }, /addressPool has no address to hand out/],
    ])("%s is refused", (_, cluster, message) => {
        expect(problems({ addressPool, ...cluster })).toEqual([expect.stringMatching(message)]);
    });

    test("has the platform's definitions of MetalLB read, and no other settings do", () => {
        expect(manifestsFor(parse({ addressPool }))).toEqual({ metallb: true });
        expect(manifestsFor(parse({}))).toEqual({ metallb: false });
        expect(manifestsFor(parse({ gatewayAddress: "203.0.113.9" }))).toEqual({ metallb: false });
    });
});

describe("a range", () => {
    const address = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const dotted = (value: number) => [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join(".");

    test("holds exactly the addresses from its first to its last", () => {
        fc.assert(fc.property(address, address, address, (one, other, probe) => {
            const [first, last] = [Math.min(one, other), Math.max(one, other)];
            const range = parseRange(`${dotted(first)}-${dotted(last)}`);
            expect(range).toEqual({ first, last });
            const single = parseRange(dotted(probe));
            expect(range && single && rangesOverlap(range, single)).toBe(probe >= first && probe <= last);
        }));
    });

    test("may be written as a network, and is as long as that", () => {
        fc.assert(fc.property(address, fc.integer({ min: 1, max: 32 }), (value, length) => {
            const size = 2 ** (32 - length);
            const first = value - value % size;
            expect(parseRange(`${dotted(first)}/${length}`)).toEqual({ first, last: first + size - 1, prefix: length });
            if (value !== first) expect(parseRange(`${dotted(value)}/${length}`)).toBeUndefined();
        }));
    });

    test("gives the gateway an address of its own, and none that devices take for a network's", () => {
        fc.assert(fc.property(address, fc.nat(300), (first, more) => {
            const last = Math.min(first + more, 2 ** 32 - 1);
            const found = firstAddress([`${dotted(first)}-${dotted(last)}`]);
            const usable = Array.from({ length: last - first + 1 }, (_, index) => dotted(first + index))
                .filter(text => !/\.(0|255)$/.test(text));
            expect(found).toBe(usable[0]);
        }));
        expect(firstAddress(["203.0.113.255/32", "203.0.113.7/32"])).toBe("203.0.113.7");
    });
});

describe("the gateway's address", () => {
    const nodes = { one: { host: "203.0.113.11" }, web: { host: "203.0.113.21", role: "worker" as const } };

    async function run(more: Partial<BareMetal>) {
        const { resources, cluster } = await captureCluster({ target: "baremetal", name: "prod", nodes, ...more });
        const told = resources.filter(({ name }) => name.endsWith("-machine")).map(({ inputs }) =>
            JSON.parse((inputs.environment as { CLUSTER: string }).CLUSTER) as Record<string, unknown>);
        return { told, loadBalancing: cluster.capabilities.loadBalancing };
    }

    test("is the first of the pool, and nobody but MetalLB gives it", async () => {
        const { told, loadBalancing } = await run({ addressPool });
        expect(loadBalancing).toEqual({
            type: "LoadBalancer", addressPool, drainSeconds: 10, seesClients: true,
            annotations: {
                "metallb.io/loadBalancerIPs": "203.0.113.100",
                "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0].ip}=203.0.113.100",
            },
        });
        expect(told).toHaveLength(2);
        for (const cluster of told) {
            expect(cluster).not.toHaveProperty("serviceAddress");
            expect(cluster).not.toHaveProperty("gatewayAddress");
        }
    });

    test("is another of the pool if the user says so, and no other is waited for", async () => {
        const own = { "metallb.io/loadBalancerIPs": "203.0.113.105", "example.com/x": "" };
        const { loadBalancing } = await run({ addressPool, loadBalancerAnnotations: own, loadBalancerClass: "example.com/own" });
        expect(loadBalancing).toMatchObject({ loadBalancerClass: "example.com/own" });
        expect((loadBalancing as { annotations: object }).annotations).toEqual(own);
    });

    test("of one server's pool isn't the server's own", async () => {
        const { told, loadBalancing } = await run({ nodes: { server }, addressPool });
        expect(loadBalancing).toMatchObject({ addressPool });
        expect(told[0]).not.toHaveProperty("serviceAddress");
    });

    test("when it changes from a virtual one to the pool's, or back, is waited for", async () => {
        const { loadBalancing } = await run({ gatewayAddress: "203.0.113.9" });
        expect(loadBalancing).toEqual({
            type: "LoadBalancer", drainSeconds: 15, seesClients: true,
            annotations: { "pulumi.com/waitFor": "jsonpath={.status.loadBalancer.ingress[0].ip}=203.0.113.9" },
        });
    });

    test("of ports is answered by proxies on the nodes that it may lead to, and on no other", async () => {
        const three = Object.fromEntries(["one", "two", "three"].map((name, index) => [name, { host: `203.0.113.1${index}` }]));
        expect((await run({ nodes: { ...three, ...nodes } })).loadBalancing).toMatchObject({
            host: "203.0.113.11", nodes: { labels: { "kubernetes.io/hostname": "one" }, count: 1 },
        });
        expect((await run({ nodes: { ...nodes, ...three }, virtualAddress: "203.0.113.100" })).loadBalancing).toMatchObject({
            host: "203.0.113.100", nodes: { labels: { "node-role.kubernetes.io/control-plane": "" }, count: 3 },
        });
    });
});
