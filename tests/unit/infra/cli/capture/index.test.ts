import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";

import { captureProgram } from "../../../../../infra/cli/capture";
import { program } from "../../../fixtures/engine-program";

const config = { "landfall:app": '{"text":"hello"}', "landfall:token": "hush" };
const options = { stack: "dev", config, secretKeys: ["landfall:token"], program };

describe("captureProgram", () => {
    it("records each resource with its place, its options and its inputs", async () => {
        const { resources } = await captureProgram(options);
        const configMap = resources.find(resource => resource.name === "site-config");
        expect(configMap).toMatchObject({
            type: "kubernetes:core/v1:ConfigMap",
            urn: "urn:pulumi:dev::landfall::landfall:test:Site$kubernetes:core/v1:ConfigMap::site-config",
            parent: "urn:pulumi:dev::landfall::landfall:test:Site::site",
            dependsOn: ["urn:pulumi:dev::landfall::landfall:test:Site$kubernetes:core/v1:Secret::site-secret"],
            inputs: { metadata: { namespace: "site" }, data: { text: "hello", secret: "site" } },
        });
        expect(configMap?.propertyDependencies.data).toEqual(configMap?.dependsOn);
    });

    it("gives children what Pulumi's engine lets them inherit", async () => {
        const { resources } = await captureProgram(options);
        for (const child of resources.filter(resource => resource.name.startsWith("site-"))) {
            expect(child.deletedWith).toBe("urn:pulumi:dev::landfall::command:local:Command::cluster");
            expect(child.protect).toBe(true);
        }
    });

    it("tracks which inputs are secrets, however deep", async () => {
        const { resources } = await captureProgram(options);
        const secrets = Object.fromEntries(resources.map(({ name, type, secrets }) => [`${type}/${name}`, secrets]));
        expect(secrets["command:local:Command/cluster"]).toEqual(["environment.TOKEN"]);
        expect(secrets["pulumi:providers:kubernetes/cluster"]).toEqual(["kubeconfig"]);
        expect(secrets["kubernetes:core/v1:Secret/site-secret"]).toEqual(["stringData"]);
        expect(secrets["kubernetes:core/v1:Namespace/site"]).toEqual([]);
    });

    it("returns the stack's outputs, and the same ones each time", async () => {
        const first = await captureProgram(options);
        const second = await captureProgram(options);
        expect(first.outputs).toEqual({ address: "http://site", password: "random:password" });
        expect(second.outputs).toEqual(first.outputs);
        expect(second.resources.map(resource => resource.urn)).toEqual(first.resources.map(resource => resource.urn));
    });

    it("throws what the program throws, and can go on with another", async () => {
        const wrong = { ...options, config: { ...config, "landfall:app": '{"text":""}' } };
        await expect(captureProgram(wrong)).rejects.toThrow("landfall:app.text: must not be empty");
        await expect(captureProgram(options)).resolves.toHaveProperty("outputs.address", "http://site");
    });

    it("names the function that a program asks of a provider, even if it could do without", async () => {
        const asking = async () => ({ size: pulumi.output(pulumi.runtime.invoke("test:index:getSize", {})) });
        await expect(captureProgram({ ...options, program: asking })).rejects.toThrow(
            "The program needs the function test:index:getSize, which only Pulumi's engine does");
        const tolerant = async () => ({ size: await pulumi.runtime.invoke("test:index:getSize", {}).catch(() => 0) });
        await expect(captureProgram({ ...options, program: tolerant })).rejects.toThrow("test:index:getSize");
    });
});
