import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it, vi } from "vitest";
import * as yaml from "yaml";
import { hasEnvironment, loadSettings, parseSettings, type Settings } from "../../../../infra/config";
import { images, imagesDate } from "../../../../components/versions";
import { wordPress } from "../../support/application";

function configure(config: Record<string, string>, secretKeys: string[] = []): void {
    pulumi.runtime.setAllConfig(config, secretKeys);
}

describe("loadSettings", () => {
    const kind = JSON.stringify({ target: "kind" });

    beforeEach(async () => {
        await pulumi.runtime.setMocks({
            newResource: args => ({ id: args.name, state: args.inputs }),
            call: args => args.inputs,
        }, "landfall", "dev");
    });

    it("reads the stack's settings, and leaves other projects' alone", () => {
        configure({ "landfall:cluster": kind, "landfall:app": "", "kubernetes:context": "x" });
        const { cluster, environment, adminPassword } = loadSettings() as Settings;
        expect([cluster.target, environment.name, environment.volumes, adminPassword])
            .toEqual(["kind", "dev", "delete", undefined]);
    });

    it.each<[object, string | undefined]>([
        [{ volume: "20Gi" }, "landfall:logs.volume has no effect: with landfall:logs.keepDays 0, no logs are kept."],
        [{ volume: "20Gi", storageClass: "standard", keepDays: 0 }, "landfall:logs.volume and landfall:logs.storageClass have no effect"],
        [{ volume: "20Gi", keepDays: 3 }, undefined], [{}, undefined],
    ])("warns of a volume for logs that nobody keeps: %o", (logs, expected) => {
        const warn = vi.spyOn(pulumi.log, "warn").mockResolvedValue(undefined);
        configure({ "landfall:cluster": JSON.stringify({ target: "minikube" }), "landfall:logs": JSON.stringify(logs) });
        loadSettings();
        const messages = warn.mock.calls.map(([message]) => message);
        warn.mockRestore();
        expect(messages).toEqual(expected === undefined ? [] : [expect.stringContaining(expected)]);
    });

    it("reads a stack that is only a cluster with its platform", () => {
        configure({ "landfall:cluster": kind, "landfall:environment": "none", "landfall:gateway": JSON.stringify({ pods: 40 }), "landfall:app": "" });
        const settings = loadSettings();
        expect(hasEnvironment(settings)).toBe(false);
        expect(settings).toMatchObject({ cluster: { target: "kind" }, gateway: { pods: 40, requestSeconds: 60 }, logs: { keepDays: 0 } });
    });

    it.each<[string, Record<string, string>, RegExp[]]>([
        ["an application", { app: "{}" }, [/landfall:app has no effect: the stack has no environment/, /example: landfall:environment: \{ name:/]],
        ["a password", { adminPassword: "hunter2hunter2" }, [/landfall:adminPassword has no effect/]],
        ["a wrong target", { cluster: JSON.stringify({ target: "kid" }) }, [/landfall:cluster\.target .*did you mean kind/]],
        ["another's platform", { cluster: JSON.stringify({ target: "existing", stack: "organization/landfall/dev" }) },
            [/landfall:environment leaves nothing to create/, /sharedPlatform/]],
        ["a wrong value", { gateway: JSON.stringify({ pods: 0 }) }, [/landfall:gateway\.pods is less than 1/, /example: landfall:gateway: \{ pods: 40 \}/]],
        ["a class that kind lacks", { logs: JSON.stringify({ keepDays: 3, storageClass: "fast" }) }, [/landfall:logs\.storageClass is no class/]],
        ["a misspelt section", { logz: "{}" }, [/landfall:logz is an unknown key; did you mean logs/]],
    ])("refuses %s in such a stack", (_, config, messages) => {
        const all = { cluster: JSON.stringify({ target: "kind" }), environment: "none", ...config };
        configure(Object.fromEntries(Object.entries(all).map(([key, value]) => [`landfall:${key}`, value])));
        const { message } = thrown(loadSettings);
        for (const expected of messages) expect(message).toMatch(expected);
        expect(message).not.toContain("hunter2");
    });

    it.each(["None", "nothing", "production"])("says that the environment may be none, if it is %s", word => {
        configure({ "landfall:cluster": kind, "landfall:environment": word });
        expect(thrown(loadSettings).message).toMatch(/landfall:environment is not an object\n.*\n +allowed: none, or an object with the keys name,/);
    });

    it("needs an environment for what the gateway is ready for to follow from it", () => {
        configure({ "landfall:cluster": kind, "landfall:gateway": JSON.stringify({ pods: 40 }) });
        expect(thrown(loadSettings).message).toMatch(/landfall:gateway\.pods has no effect: it follows from the application.*\n.*\n.*\n.*environment: none/);
    });

    it("bounds the connections of a client with an environment and without", () => {
        for (const environment of ['{"name": "x"}', "none"]) {
            configure({ "landfall:cluster": kind, "landfall:environment": environment, "landfall:gateway": JSON.stringify({ clientConnections: 300 }) });
            expect(loadSettings().gateway.clientConnections).toBe(300);
        }
    });

    it("keeps the password a secret", async () => {
        configure({ "landfall:cluster": kind, "landfall:adminPassword": "123456789012" }, ["landfall:adminPassword"]);
        const { adminPassword } = loadSettings() as Settings;
        expect(await pulumi.isSecret(adminPassword!)).toBe(true);
        const value = await new Promise(resolve => adminPassword!.apply(resolve));
        expect(value).toBe("123456789012");
    });

    it.each([
        ["in plain", "correct-horse-battery", [], "landfall:adminPassword is not a secret"],
        ["too short", "12345678901", ["landfall:adminPassword"], "given:   a text of 11 characters"],
        ["empty", "", ["landfall:adminPassword"], "given:   a text of 0 characters"],
    ])("refuses a password %s without showing it", (_, password, secretKeys, message) => {
        configure({ "landfall:cluster": kind, "landfall:adminPassword": password }, secretKeys);
        const error = thrown(loadSettings);
        expect(error).toBeInstanceOf(pulumi.RunError);
        expect(error.message).toContain(message);
        expect(error.message).toContain("example: pulumi config set --secret landfall:adminPassword");
        expect(password === "" || !error.message.includes(password)).toBe(true);
    });

    it("shows no secret, be it in the wrong place", () => {
        configure({
            "landfall:cluster": kind, "landfall:adminPasword": "hunter2-hunter2", "landfall:token": "hunter2",
            "landfall:app": "{\"title\": \"hunter2\\nhunter2\"}",
        }, ["landfall:token", "landfall:app"]);
        const { message } = thrown(loadSettings);
        expect(message).toContain("landfall:adminPasword is an unknown key; did you mean adminPassword?");
        expect(message).toContain("landfall:token is an unknown key");
        expect(message).toContain("landfall:app.title is not valid");
        expect(message).not.toContain("hunter2");
    });

    it.each([
        ["Landfall:app", "landfall:app, in lower case"], ["LANDFALL:cluster", "landfall:cluster, in lower case"], ["lanfdall:app", "landfall:app"],
    ])("says that %s is ignored", (key, meant) => {
        configure({ "landfall:cluster": kind, [key]: "{}", "kubernetes:context": "x" });
        expect(thrown(loadSettings).message).toContain(`${key} is ignored: it has to be ${meant}\n`);
    });

    it("says where a key with dots belongs", () => {
        configure({ "landfall:cluster": kind, "landfall:app.web.targetCpu": "60" });
        expect(thrown(loadSettings).message)
            .toContain("landfall:app.web.targetCpu is an unknown key; write it below landfall:app, or use pulumi config set --path\n");
    });

    it("stops the program with all problems at once", () => {
        configure({ "landfall:cluster": "kind", "landfall:app": "{\"titel\": 1}", "landfall:adminPassword": "x" });
        const error = thrown(loadSettings);
        expect(error).toBeInstanceOf(pulumi.RunError);
        for (const key of ["cluster is not an object", "app.titel is an", "adminPassword is not a secret"]) {
            expect(error.message).toContain(`landfall:${key}`);
        }
    });
});

describe("parseSettings", () => {
    it("has a default for everything on a laptop", () => {
        expect(parseSettings({ cluster: { target: "kind" } }, "main")).toEqual({
            cluster: {
                target: "kind", name: "landfall-main", nodes: 1, image: images.kindNode, http: 8080, https: 8443,
                data: "~/.landfall/landfall-main/volumes",
                podSubnet: "10.244.0.0/16", serviceSubnet: "10.96.0.0/16",
            },
            environment: {
                name: "main", host: "wordpress.localhost", aliases: [], redirects: [], tls: { issuer: "ca" }, volumes: "retain", images: "retain",
                priority: "normal", size: "medium",
                quota: { cpu: "16500m", memory: "15616Mi", storage: "20Gi", ephemeralStorage: "14252Mi", pods: 19 },
            },
            app: {
                type: "wordpress", title: "Landfall", admin: { user: "admin", email: "admin@example.com" },
                images: { date: imagesDate },
                web: {
                    replicas: { min: 2, max: 10 }, targetCpu: 70,
                    cpu: { request: "250m", limit: "1" }, memory: { request: "256Mi", limit: "1Gi" },
                    requestSeconds: 60,
                    uploads: { maxFile: "64Mi", size: "5Gi", accessMode: "ReadWriteMany" },
                },
                database: {
                    mode: "single", volume: "5Gi",
                    cpu: { request: "250m", limit: "1" }, memory: { request: "512Mi", limit: "1Gi" },
                },
                tasks: { everyMinutes: 1 }, egress: {},
            },
            gateway: {},
            logs: { keepDays: 0, volume: "10Gi" },
            secrets: {},
        });
        expect(parseSettings({ cluster: { target: "minikube" } }, "main").cluster).toEqual({
            target: "minikube", name: "landfall-main", nodes: 1, cpus: 2, memory: "4Gi", http: 8080, https: 8443,
        });
    });

    it("makes a name of any stack's name, and two of two", () => {
        const names = ["feature/Login_Page", "feature-login-page", "x".repeat(80), `${"x".repeat(79)}y`]
            .map(stack => parseSettings({ cluster: { target: "kind" } }, stack));
        const clusters = names.map(({ cluster }) => cluster.target === "kind" && cluster.name);
        expect(new Set(clusters).size).toBe(4);
        expect(names[1].environment.name).toBe("feature-login-page");
        expect(names[0].environment.name).toMatch(/^feature-login-page-[0-9a-f]{6}$/);
    });

    it.each<[string, object, object]>([
        ["a public name", { host: "www.example.com" },
            { issuer: "acme", server: "https://acme-v02.api.letsencrypt.org/directory" }],
        ["a name of one network", { host: "wiki.corp.internal" }, { issuer: "ca" }],
        ["a name of one computer", { host: "site.localhost" }, { issuer: "ca" }],
        ["a name without a domain", { host: "wiki" }, { issuer: "ca" }],
        ["a public name in a closed network", { host: "www.example.com", tls: { issuer: "ca" } }, { issuer: "ca" }],
        ["an address to write to", { host: "www.example.com", tls: { email: "ops@example.com" } }, {
            issuer: "acme", server: "https://acme-v02.api.letsencrypt.org/directory", email: "ops@example.com",
        }],
        ["an ACME server of one's own", { host: "wiki.corp.internal", tls: { server: "https://acme.corp.internal/acme" } },
            { issuer: "acme", server: "https://acme.corp.internal/acme" }],
    ])("has the certificate of %s signed by who can", (_, environment, tls) => {
        const cluster = { target: "existing", context: "c", registry: "localhost:5000", sharedStorageClass: "nfs" };
        expect(parseSettings({ cluster, environment }, "prod").environment.tls).toEqual(tls);
    });

    it("has a laptop's certificate signed by its own authority, unless told otherwise", () => {
        const issuer = (tls: object): string => {
            const environment = { host: "www.example.com", tls };
            return parseSettings({ cluster: { target: "kind" }, environment }, "dev").environment.tls.issuer;
        };
        expect([issuer({}), issuer({ server: "https://acme.corp.internal/acme" })]).toEqual(["ca", "acme"]);
    });

    it("takes numbers for quantities, and paths in the home; those that reach the state stay as they are", () => {
        const cluster = {
            target: "existing", kubeconfig: "~/k", registry: "localhost:5000", sharedStorageClass: "nfs",
        };
        const app = { web: { cpu: { limit: 0.5 } } };
        const settings = parseSettings({ cluster, environment: { host: "a.b" }, app }, "prod");
        expect(wordPress(settings).web.cpu.limit).toBe("0.5");
        expect(settings.cluster).toMatchObject({ kubeconfig: path.join(os.homedir(), "k"), output: "kubeconfig" });
        const beside = parseSettings({ cluster: { target: "kind", data: "volumes" } }, "dev").cluster;
        expect(beside).toMatchObject({ data: "volumes" });
    });
});

describe("the stack file", () => {
    it.each(["dev", "minikube", "prod"])("%s is accepted", stack => {
        const file = path.resolve(__dirname, `../../../../Pulumi.${stack}.yaml`);
        const { config } = yaml.parse(fs.readFileSync(file, "utf8")) as { config: Record<string, unknown> };
        const raw = Object.entries(config).map(([key, value]) => [key.replace(/^landfall:/, ""), value]);
        expect(() => parseSettings(Object.fromEntries(raw) as Record<string, unknown>, stack)).not.toThrow();
    });
});

function thrown(action: () => unknown): Error {
    try {
        action();
    } catch (error) {
        return error as Error;
    }
    throw new Error("nothing was thrown");
}
