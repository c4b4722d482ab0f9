import * as kubernetes from "@pulumi/kubernetes";
import { beforeAll, describe, expect, it } from "vitest";
import { createCrds } from "../../../../components/platform/crds";
import { type KubernetesObject, loadManifests } from "../../../../components/platform/manifests";
import { captureProgram, type Registered } from "../../../../infra/cli/capture";

async function registered(objects: KubernetesObject[]): Promise<Registered[]> {
    const { resources } = await captureProgram({
        stack: "test", config: {},
        program: async () => {
            const provider = new kubernetes.Provider("provider", { kubeconfig: "{}" });
            createCrds(objects, { provider });
        },
    });
    return resources.filter(({ type }) => type.endsWith(":CustomResourceDefinition"));
}

/** What stands in a schema by its path, without descriptions: a text is one, an object is a property of that name. */
function facts(value: unknown, path = ""): string[] {
    if (typeof value !== "object" || value === null) return /\.description$/.test(path) ? [] : [`${path}=${JSON.stringify(value)}`];
    return Object.entries(value).flatMap(([key, one]) => facts(one, `${path}.${key}`));
}

describe("the CRDs of the platform", () => {
    let published: KubernetesObject[];
    let made: Registered[];

    beforeAll(async () => {
        published = Object.values(await loadManifests({ metallb: true })).flat().filter(({ kind }) => kind === "CustomResourceDefinition");
        made = await registered(published);
    });

    it("are all there, and describe every field as the published ones do, without the text", () => {
        expect(made.map(({ name }) => name).sort()).toEqual(published.map(({ metadata }) => metadata.name).sort());
        for (const { name, inputs } of made) {
            const original = published.find(({ metadata }) => metadata.name === name);
            expect(facts(inputs.spec).sort(), name).toEqual(facts(original?.spec).sort());
        }
    });

    it("take little of the state, which is written with each change of each resource", () => {
        const size = (values: unknown[]): number => JSON.stringify(values).length;
        expect(size(made.map(({ inputs }) => inputs))).toBeLessThan(size(published) / 2);
    });
});

it("a property called description, and one in a default, are kept", async () => {
    const schema = {
        type: "object", description: "prose",
        properties: {
            description: { type: "string", description: "prose", maxLength: 3 },
            properties: { type: "object", description: "prose", additionalProperties: { description: "prose", type: "string" } },
            list: { type: "array", items: { description: "prose", anyOf: [{ description: "prose", type: "string" }], not: { description: "prose" } } },
            options: { type: "object", default: { description: "data" }, enum: [{ description: "data" }], example: { description: "data" } },
        },
    };
    const [{ inputs }] = await registered([{
        apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: { name: "notes.example.com" }, status: {},
        spec: { group: "example.com", versions: [
            { name: "v1", schema: { openAPIV3Schema: schema }, additionalPrinterColumns: [{ name: "Note", description: "data" }] },
            { name: "v0" },
        ] },
    }]);
    expect(inputs).not.toHaveProperty("status");
    expect(inputs.spec).toEqual({ group: "example.com", versions: [
        { name: "v1", additionalPrinterColumns: [{ name: "Note", description: "data" }], schema: { openAPIV3Schema: {
            type: "object",
            properties: {
                description: { type: "string", maxLength: 3 },
                properties: { type: "object", additionalProperties: { type: "string" } },
                list: { type: "array", items: { anyOf: [{ type: "string" }], not: {} } },
                options: schema.properties.options,
            },
        } } },
        { name: "v0" },
    ] });
});
