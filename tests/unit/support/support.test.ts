import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { captureProgram, Registered } from "../../../infra/cli/capture";
import { changes } from "./changes";
import { DestroyOrder } from "./order";

class Thing extends pulumi.CustomResource {
    declare readonly size: pulumi.Output<unknown>;

    constructor(name: string, inputs: Record<string, unknown> = {}, opts?: pulumi.CustomResourceOptions) {
        super(`test:index:${String(inputs.kind ?? "Thing")}`, name, { size: undefined, ...inputs }, opts);
    }
}

async function capture(program: () => void): Promise<Registered[]> {
    const run = async () => program();
    return (await captureProgram({ stack: "test", config: {}, program: run })).resources;
}

describe("the order of a destroy", () => {
    test("follows options, inputs, parents and providers, and is uncertain where none of them leads", async () => {
        const order = new DestroyOrder(await capture(() => {
            const network = new Thing("network");
            const group = new pulumi.ComponentResource("test:index:Group", "group", {}, { dependsOn: network });
            const cluster = new Thing("cluster", { network: network.id }, { parent: group });
            new Thing("nodes", {}, { dependsOn: cluster });
            new Thing("stray");
        }));
        expect(order.uncertain("nodes", "cluster")).toEqual([]);
        expect(order.uncertain("nodes", /network|group/)).toEqual([]);
        expect(order.uncertain("cluster", "network")).toEqual([]);
        expect(order.uncertain(/nodes|stray/, "network")).toEqual(["stray | network"]);
        expect(order.uncertain("network", "nodes")).toEqual(["network | nodes"]);
        expect(() => order.uncertain("nodes", "missing")).toThrow(/No resource is chosen/);
        const names = order.sequence().map(urn => urn.split("::").pop());
        expect(names.indexOf("nodes")).toBeLessThan(names.indexOf("cluster"));
        expect(names.indexOf("cluster")).toBeLessThan(names.indexOf("network"));
    });
});

describe("what a change does", () => {
    const rules = { replacing: { "test:index:Thing": ["zone", "pool.disk"] }, renewing: ["test:index:Template"] };
    const between = async (before: () => void, after: () => void) =>
        changes(await capture(before), await capture(after), rules);
    const one = (inputs: Record<string, unknown>, opts?: pulumi.CustomResourceOptions) => () => {
        new Thing("thing", inputs, opts);
    };

    test("is an update, or a replacement by an input that forces it, also when all around it comes or goes", async () => {
        expect(await between(one({ size: 1 }), one({ size: 1 }))).toEqual([]);
        expect(await between(one({ size: 1 }), one({ size: 2 }))).toMatchObject([
            { name: "thing", action: "update", properties: ["size"] },
        ]);
        expect(await between(one({ zone: "a" }), one({ zone: "b" }))).toMatchObject([{ action: "replace" }]);
        expect(await between(one({ pool: { disk: 1, size: 1 } }), one({ pool: { disk: 1, size: 2 } })))
            .toMatchObject([{ action: "update", properties: ["pool.size"] }]);
        expect(await between(one({}), one({ pool: { disk: 1 } }))).toMatchObject([{ action: "replace" }]);
    });

    test("is none where the program ignores it", async () => {
        const opts = { ignoreChanges: ["pool.size"] };
        expect(await between(one({ pool: { size: 1 } }, opts), one({ pool: { size: 2 } }, opts))).toEqual([]);
    });

    test("goes on to what takes a value from a resource that is replaced or has a new version", async () => {
        const two = (kind: string, inputs: object) => () => {
            const first = new Thing("first", { kind, ...inputs });
            new Thing("second", { zone: first.id });
        };
        expect(await between(two("Thing", { zone: 1 }), two("Thing", { zone: 2 }))).toMatchObject([
            { name: "first", action: "replace" }, { name: "second", action: "replace", properties: ["zone"] },
        ]);
        expect(await between(two("Template", { zone: 1 }), two("Template", { zone: 2 }))).toMatchObject([
            { name: "first", action: "update" }, { name: "second", action: "update", properties: ["zone"] },
        ]);
        expect(await between(two("Other", { zone: 1 }), two("Other", { zone: 2 }))).toHaveLength(1);
    });
});
