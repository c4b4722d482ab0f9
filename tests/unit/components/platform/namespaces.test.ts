import { describe, expect, it } from "vitest";
import { namespaces } from "../../../../components/platform/namespaces";
import { objects, runStack } from "../../support/program";

const pool = { target: "baremetal", nodes: { one: { host: "192.0.2.11" } }, addressPool: ["192.0.2.100-192.0.2.110"] };

describe("the platform's namespaces", () => {
    it("are all among those whose names no environment may have", async () => {
        const stacks = [
            runStack("dev"), runStack("server", { cluster: pool }), runStack("eks"), runStack("gke"), runStack("aks"),
        ];
        const made = (await Promise.all(stacks)).flatMap(resources => objects(resources, "Namespace"))
            .map(({ metadata }) => metadata.name);
        const reserved = Object.values(namespaces);
        expect([...new Set(made)].filter(name => !reserved.includes(name)).sort()).toEqual(["development", "production"]);
        expect(new Set(made.filter(name => name.startsWith("landfall-"))).size).toBeGreaterThan(4);
    });
});
