import { describe, expect, test } from "vitest";
import { parseSettings, SettingsError } from "../../../../../infra/config";
import type { LoadBalancing } from "../../../../../components/cluster";
import { withLoadBalancerArgs } from "../../../../../components/cluster/cluster";

function problems(change: object): string[] {
    try {
        parseSettings({
            cluster: { target: "existing", context: "a", registry: "localhost:5000", sharedStorageClass: "x", ...change },
            environment: { name: "test", host: "www.example.com", tls: { issuer: "ca" } },
        }, "prod");
    } catch (error) {
        if (error instanceof SettingsError) return error.problems.map(({ key, problem }) => `${key} ${problem}`);
        throw error;
    }
    return [];
}

describe("settings of the gateway's load balancer", () => {
    test.each<[string, object]>([
        ["annotations with and without a prefix, of any text", { loadBalancerAnnotations: { "a.example.com/x_y.Z": "", plain: "{\"a\": 1}\nb" } }],
        ["a class with a prefix", { loadBalancerClass: "service.k8s.aws/nlb" }],
        ["a class without one", { loadBalancerClass: "internal" }],
        ["no annotations, with ports of the nodes", { loadBalancer: "NodePort", loadBalancerAnnotations: {} }],
    ])("may be %s", (_, cluster) => {
        expect(problems(cluster)).toEqual([]);
    });

    test.each<[string, object, RegExp]>([
        ["a number", { loadBalancerAnnotations: { "example.com/ports": 443 } }, /loadBalancerAnnotations\.example\.com\/ports/],
        ["an empty name", { loadBalancerAnnotations: { "": "x" } }, /loadBalancerAnnotations/],
        ["a name with two prefixes", { loadBalancerAnnotations: { "a/b/c": "x" } }, /loadBalancerAnnotations/],
        ["a name that ends with a dash", { loadBalancerAnnotations: { "example.com/x-": "x" } }, /loadBalancerAnnotations/],
        ["a prefix in capitals", { loadBalancerAnnotations: { "Example.com/x": "x" } }, /loadBalancerAnnotations/],
        ["a prefix with two dots", { loadBalancerAnnotations: { "example..com/x": "x" } }, /loadBalancerAnnotations/],
        ["a mark of Landfall's", { loadBalancerAnnotations: { "landfall.dev/stack": "x" } }, /loadBalancerAnnotations/],
        ["a text that the API can't store", { loadBalancerAnnotations: { "example.com/x": "a\0" } }, /control character U\+0000/],
        ["a text of a book's length", { loadBalancerAnnotations: { "example.com/x": "a".repeat(4097) } }, /has 4097 characters/],
        ["a class with a space", { loadBalancerClass: "my class" }, /loadBalancerClass/],
        ["an empty class", { loadBalancerClass: "" }, /loadBalancerClass/],
        ["a class, with ports of the nodes", { loadBalancer: "NodePort", loadBalancerClass: "internal" }, /loadBalancerClass has no effect.*loadBalancer gives/],
        ["annotations, with ports of the nodes", { loadBalancer: "NodePort", loadBalancerAnnotations: { "example.com/x": "y" } },
            /loadBalancerAnnotations has no effect/],
    ])("can't be %s", (_, cluster, expected) => {
        expect(problems(cluster).join("\n")).toMatch(expected);
    });

    test("prevail over the target's", () => {
        const target: LoadBalancing = {
            type: "LoadBalancer", drainSeconds: 5, seesClients: true, annotations: { a: "target", b: "target" }, loadBalancerClass: "target",
        };
        expect(withLoadBalancerArgs(target, {})).toEqual(target);
        expect(withLoadBalancerArgs(target, { loadBalancerAnnotations: { b: "user", c: "user" }, loadBalancerClass: "user" })).toEqual({
            ...target, annotations: { a: "target", b: "user", c: "user" }, loadBalancerClass: "user",
        });
    });
});
