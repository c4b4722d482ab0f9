import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import * as kubernetes from "@pulumi/kubernetes";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as yaml from "yaml";

import { renderJson, renderYaml } from "../../../../infra/cli/render";
import { readSettings, readStackConfig, stackConfigFile } from "../../../../infra/cli/stack/config";
import { captureProgram } from "../../../../infra/cli/capture";
import { program } from "../../fixtures/engine-program";

const config = { "landfall:app": '{"text":"hello"}', "landfall:token": "hush" };
const capture = () => captureProgram({ stack: "dev", config, secretKeys: ["landfall:token"], program });

interface Rendered {
    kind: string;
    metadata: { name: string };
    stringData?: unknown;
    data?: unknown;
}

describe("render", () => {
    it("prints the Kubernetes objects in a stable order, namespaces first", async () => {
        const { resources } = await capture();
        const text = renderYaml(resources);
        const objects = yaml.parseAllDocuments(text).map(document => document.toJS() as Rendered);
        expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
            "Namespace/site",
            "ConfigMap/site-config-autonamed",
            "Secret/site",
        ]);
        expect(renderYaml([...resources].reverse())).toBe(text);
    });

    it.each(["yes", "Off", "n", "0100", "1_000", "12:30:45", "2026-11-29", "1e3", "~", "0b11", "true", "<<"])(
        "prints the text %s as text, for kubectl too, which reads YAML 1.1", async text => {
            const { resources } = await captureProgram({
                stack: "dev", config: {}, program: async () => void new kubernetes.core.v1.ConfigMap("texts", { data: { text } }),
            });
            const document = yaml.parse(renderYaml(resources), { version: "1.1", schema: "yaml-1.1" }) as Rendered;
            expect(document.data).toEqual({ text });
        });

    it("shows no secret", async () => {
        const { resources } = await capture();
        const secret = yaml.parseAllDocuments(renderYaml(resources)).at(-1)?.toJS() as Rendered;
        expect(secret.stringData).toEqual({ password: "[secret]", user: "[secret]" });
        expect(renderYaml(resources) + renderJson(resources)).not.toMatch(/hush|random:password|127\.0\.0\.1:6443/);
    });

    it("writes what stands for a Secret's data as base64", async () => {
        const { resources } = await capture();
        const [secret] = resources.filter(({ name }) => name === "site-secret");
        const { stringData, ...marked } = secret.marked;
        const text = renderYaml([{ ...secret, marked: { ...marked, data: stringData } }]);
        const { data } = yaml.parse(text.replace("---\n", "")) as { data: { password: string } };
        expect(Buffer.from(data.password, "base64").toString()).toBe("[secret]");
    });

    it("prints every resource as JSON, with its place and its options", async () => {
        const { resources } = await capture();
        const all = JSON.parse(renderJson(resources)) as Record<string, unknown>[];
        expect(all).toHaveLength(resources.length);
        expect(all.find(({ name }) => name === "site-config")).toMatchObject({
            type: "kubernetes:core/v1:ConfigMap",
            inputs: { data: { text: "hello", secret: "site" } },
            parent: "urn:pulumi:dev::landfall::landfall:test:Site::site",
            dependsOn: ["urn:pulumi:dev::landfall::landfall:test:Site$kubernetes:core/v1:Secret::site-secret"],
            protect: true,
        });
        const cluster = all.find(({ name }) => name === "cluster");
        expect(cluster).toMatchObject({ inputs: { environment: { MODE: "create", TOKEN: "[secret]" } } });
    });
});

describe("a stack's settings", () => {
    let directory: string;

    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-settings-"));
    });

    afterEach(() => fs.rmSync(directory, { recursive: true }));

    function write(name: string, text: string): string {
        const file = path.join(directory, name);
        fs.writeFileSync(file, text);
        return file;
    }

    it("are what Pulumi hands to the program", () => {
        const file = write("Pulumi.a.yaml", "config:\n  landfall:app: { a: [1, true] }\n  title: x\n  n: 1\n  none:\n");
        expect(readStackConfig(file)).toEqual({
            config: { "landfall:app": '{"a":[1,true]}', "landfall:title": "x", "landfall:n": "1", "landfall:none": "" },
            secretKeys: [],
        });
    });

    it("may be none", () => {
        expect(readStackConfig(write("Pulumi.a.yaml", ""))).toEqual({ config: {}, secretKeys: [] });
    });

    it("that are encrypted are refused", () => {
        const file = write("Pulumi.a.yaml", "config:\n  landfall:adminPassword:\n    secure: v1:abc\n");
        expect(() => readStackConfig(file)).toThrow(/landfall:adminPassword is encrypted.*only the Pulumi CLI/);
    });

    it("that are encrypted don't keep a stack from being looked at", () => {
        const server = yaml.parse(fs.readFileSync(stackConfigFile("server"), "utf8")) as { config: Record<string, object> };
        const secure = "v1:abc";
        Object.assign(server.config["landfall:cluster"], {
            ssh: { user: "admin", privateKey: { secure } },
            snapshots: { repository: "/mnt/backup", password: { secure }, environment: { secure } },
        });
        const file = write("Pulumi.a.yaml", yaml.stringify({ config: { ...server.config, "landfall:adminPassword": { secure } } }));
        const { cluster, adminPassword } = readSettings("a", file);
        expect(cluster).toMatchObject({ ssh: { user: "admin" }, snapshots: { repository: "/mnt/backup" } });
        expect(adminPassword).toBeUndefined();
        const { config, secretKeys } = readStackConfig(file, { standIns: true });
        expect(JSON.stringify(config)).not.toContain(secure);
        expect(Object.keys(config)).not.toContain("landfall:adminPassword");
        expect(secretKeys).toEqual(["landfall:cluster", "landfall:adminPassword"]);
    });

    it.each([
        ["a: [", /Pulumi\.a\.yaml, line 1: is not valid YAML/],
        ["config: 5", /"config" must be a mapping/],
    ])("that are no settings (%s) are refused", (text, message) => {
        expect(() => readStackConfig(write("Pulumi.a.yaml", text))).toThrow(message);
    });

    it("of a stack that is not there name those that are", () => {
        write("Pulumi.dev.yaml", "");
        write("Pulumi.prod.yaml", "");
        write("Pulumi.yaml", "");
        expect(stackConfigFile("dev", directory)).toBe(path.join(directory, "Pulumi.dev.yaml"));
        // As on Windows and macOS the name Dev, this leads to the file of dev.
        expect(() => stackConfigFile("x/../Pulumi.dev", directory)).toThrow(/no stack/);
        expect(() => stackConfigFile("uat", directory)).toThrow(/no stack "uat".*The stacks are: dev, prod\./);
    });
});
