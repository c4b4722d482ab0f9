import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import * as command from "@pulumi/command";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { destroy, type EngineOptions, preview, up } from "../../infra/offline/engine";
import { KubernetesApi, kubeconfigFor } from "./fixtures/kubernetes-api";

const api = new KubernetesApi();
let server: string;
let directory: string;
let lines: string[];

beforeEach(async () => {
    api.reset();
    server = await api.start();
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-engine-"));
    lines = [];
});

afterEach(async () => {
    await api.stop();
    fs.rmSync(directory, { recursive: true });
});

type Program = () => Promise<Record<string, unknown>>;

function options(program: Program): EngineOptions {
    const log = (line: string) => lines.push(line);
    return { stack: "dev", config: {}, directory: path.join(directory, "state"), log, program };
}

function provider(identifier = "one", args: Partial<kubernetes.ProviderArgs> = {}) {
    const kubeconfig = pulumi.secret(kubeconfigFor(server));
    return new kubernetes.Provider("cluster", { kubeconfig, clusterIdentifier: identifier, ...args });
}

/** A namespace and in it a ConfigMap with this text and perhaps a Secret. */
function site({ text = "hello", password = false, mutable = true, identifier = "one" } = {}): Program {
    return async () => {
        const enabled = { enableConfigMapMutable: mutable, enableSecretMutable: mutable };
        const opts = { provider: provider(identifier, enabled) };
        const namespace = new kubernetes.core.v1.Namespace("site", { metadata: { name: "site" } }, opts);
        const metadata = { name: "text", namespace: namespace.metadata.name };
        new kubernetes.core.v1.ConfigMap("text", { metadata, data: { text } }, opts);
        if (!password) return {};
        const value = new random.RandomPassword("password", { length: 24 }).result;
        const data = { metadata: { namespace: namespace.metadata.name }, stringData: { password: value } };
        const secret = new kubernetes.core.v1.Secret("password", data, opts);
        return { name: secret.metadata.name, password: value };
    };
}

/** A command that writes down what it runs, and prints what `print` says. */
function recorder(name: string, args: Partial<command.local.CommandArgs> = {}, opts?: pulumi.CustomResourceOptions) {
    const script = "require('fs').appendFileSync(process.env.FILE, process.argv[1] + '\\n')";
    const interpreter = ["node", "-e", `${script};process.stdout.write(process.env.PRINT || '')`, "--"];
    const environment = { FILE: path.join(directory, "log"), ...(args.environment as object) };
    return new command.local.Command(name, { interpreter, ...args, environment }, opts);
}

const recorded = () => {
    const file = path.join(directory, "log");
    return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n") : [];
};

const stateFile = () => path.join(directory, "state", "dev.json");

describe("up", () => {
    it("creates, and then changes nothing", async () => {
        const first = await up(options(site({ password: true })));
        expect(first.changes).toEqual({ create: 6, update: 0, replace: 0, delete: 0, same: 0 });
        expect(api.find("ConfigMap")[0]).toMatchObject({ metadata: { name: "text" }, data: { text: "hello" } });
        expect(first.outputs.name).toMatch(/^password-[0-9a-f]{7}$/);
        expect(first.outputs.password).toHaveLength(24);
        expect(api.find("Secret")[0].stringData).toEqual({ password: first.outputs.password });

        api.changes.length = 0;
        const second = await up(options(site({ password: true })));
        expect(second.changes).toEqual({ create: 0, update: 0, replace: 0, delete: 0, same: 6 });
        expect(second.outputs).toEqual(first.outputs);
        expect(api.changes).toEqual([]);
    });

    it("says that it stands in for Pulumi, and one line for each change", async () => {
        await up(options(site()));
        expect(lines[0]).toContain("The offline engine stands in for Pulumi");
        expect(lines).toContainEqual(expect.stringMatching(/^create +kubernetes:core\/v1:ConfigMap +text +\d+\.\d s$/));
        expect(lines.at(-1)).toBe("4 created, 0 updated, 0 replaced, 0 deleted, 0 unchanged");
    });

    it("keeps secrets out of what it says, and its state to its owner", async () => {
        const program: Program = async () => {
            const token = new random.RandomPassword("token", { length: 30 }).result;
            const script = "console.error('the token is', process.env.TOKEN); process.exit(1)";
            const args = { create: script, interpreter: ["node", "-e"], environment: { TOKEN: token } };
            new command.local.Command("leak", args);
            return {};
        };
        const error = await up(options(program)).catch((reason: Error) => reason);
        expect((error as Error).message).toContain("the token is [secret]");
        const state = JSON.parse(fs.readFileSync(stateFile(), "utf8")) as { resources: { outputs: unknown }[] };
        const token = /"value":"(.{30})"/.exec(JSON.stringify(state))?.[1] as string;
        expect(token).toHaveLength(30);
        expect(lines.join("\n") + (error as Error).message).not.toContain(token);
        expect(fs.statSync(stateFile()).mode & 0o777).toBe(0o600);
        expect(fs.statSync(path.dirname(stateFile())).mode & 0o777).toBe(0o700);
    });

    it("updates in place what may change, and leaves the rest", async () => {
        await up(options(site()));
        const uid = api.find("ConfigMap")[0].metadata.uid;
        const { changes } = await up(options(site({ text: "changed" })));
        expect(changes).toEqual({ create: 0, update: 1, replace: 0, delete: 0, same: 3 });
        expect(api.find("ConfigMap")[0]).toMatchObject({ metadata: { uid }, data: { text: "changed" } });
    });

    it("replaces what may not change, the old one first if it keeps its name", async () => {
        await up(options(site({ mutable: false })));
        const uid = api.find("ConfigMap")[0].metadata.uid;
        api.changes.length = 0;
        const { changes } = await up(options(site({ mutable: false, text: "changed" })));
        expect(changes).toEqual({ create: 0, update: 0, replace: 1, delete: 0, same: 3 });
        const url = "/api/v1/namespaces/site/configmaps/text";
        expect(api.changes).toEqual([`DELETE ${url}`, `PATCH ${url}`]);
        expect(api.find("ConfigMap")[0].metadata.uid).not.toBe(uid);
    });

    it("replaces an object with a generated name by a new one before the old one goes", async () => {
        const program = (text: string): Program => async () => {
            const opts = { provider: provider() };
            const namespace = new kubernetes.core.v1.Namespace("site", { metadata: { name: "site" } }, opts);
            const metadata = { namespace: namespace.metadata.name };
            return { name: new kubernetes.core.v1.ConfigMap("text", { metadata, data: { text } }, opts).metadata.name };
        };
        const before = (await up(options(program("a")))).outputs.name as string;
        api.changes.length = 0;
        const after = (await up(options(program("b")))).outputs.name as string;
        expect(after).not.toBe(before);
        const url = "/api/v1/namespaces/site/configmaps";
        expect(api.changes).toEqual([`PATCH ${url}/${after}`, `DELETE ${url}/${before}`]);
    });

    it("deletes what the program no longer has, dependants first, and only after the rest", async () => {
        await up(options(site({ password: true })));
        api.changes.length = 0;
        const { changes } = await up(options(async () => ({ provider: provider().urn })));
        expect(changes).toEqual({ create: 0, update: 1, replace: 0, delete: 4, same: 1 });
        expect(api.changes.at(-1)).toBe("DELETE /api/v1/namespaces/site");
        expect(api.changes).toHaveLength(3);
        expect(api.objects.size).toBe(0);
    });

    it("changes nothing if the program is wrong", async () => {
        await up(options(site()));
        const before = fs.readFileSync(stateFile(), "utf8");
        api.changes.length = 0;
        const wrong = options(async () => {
            provider();
            await Promise.resolve();
            throw new pulumi.RunError("landfall:app.title: must not be empty");
        });
        await expect(up(wrong)).rejects.toThrow("landfall:app.title: must not be empty");
        expect(api.changes).toEqual([]);
        expect(fs.readFileSync(stateFile(), "utf8")).toBe(before);
    });

    it("fails if an `apply` does, or if the program logs an error", async () => {
        const throwing: Program = async () => {
            provider().urn.apply(() => {
                throw new Error("in an apply");
            });
            return {};
        };
        await expect(up(options(throwing))).rejects.toThrow("in an apply");
        const logging: Program = async () => {
            await pulumi.log.error("something is wrong");
            return {};
        };
        await expect(up(options(logging))).rejects.toThrow("The program logged errors");
    });

    it("leaves to the cluster what the program ignores, and replaces what it says", async () => {
        const program = (text: string, opts: pulumi.CustomResourceOptions): Program => async () => {
            const metadata = { name: "site", labels: { text } };
            new kubernetes.core.v1.Namespace("site", { metadata }, { provider: provider(), ...opts });
            return {};
        };
        await up(options(program("a", {})));
        const ignored = await up(options(program("b", { ignoreChanges: ["metadata.labels.text"] })));
        expect(ignored.changes.same).toBe(3);
        const opts = { replaceOnChanges: ["metadata.labels"], deleteBeforeReplace: true };
        const replaced = await up(options(program("c", opts)));
        expect(replaced.changes.replace).toBe(1);
        expect(api.find("Namespace")[0].metadata.labels).toEqual({ text: "c" });
        expect(api.changes.slice(-2)).toEqual(["DELETE /api/v1/namespaces/site", "PATCH /api/v1/namespaces/site"]);
    });

    it("waits for the definition of a custom resource", async () => {
        const program: Program = async () => {
            const opts = { provider: provider() };
            const kind = { apiVersion: "example.com/v1", kind: "Thing" };
            new kubernetes.apiextensions.CustomResource("thing", { ...kind, metadata: { name: "thing" } }, opts);
            return {};
        };
        setTimeout(() => api.kinds.set("/apis/example.com/v1", [["things", "Thing", false]]), 300);
        await up(options(program));
        expect(api.find("Thing")).toHaveLength(1);
    });

    it("waits until an object is ready, and gives up in the time that the program gives it", async () => {
        const program = (timeout: string): Program => async () => {
            const opts = { provider: provider() };
            const namespace = new kubernetes.core.v1.Namespace("site", { metadata: { name: "site" } }, opts);
            const metadata = { name: "volume", namespace: namespace.metadata.name };
            const customTimeouts = { create: timeout };
            new kubernetes.core.v1.PersistentVolumeClaim("volume", { metadata }, { ...opts, customTimeouts });
            return {};
        };
        const never = up(options(program("1s")));
        await expect(never).rejects.toThrow("did not become ready in time: its phase is Pending");
        let reads = 0;
        api.reconcile = object => {
            if (object.kind === "PersistentVolumeClaim" && ++reads > 3) object.status = { phase: "Bound" };
        };
        expect((await up(options(program("1m")))).changes.create).toBe(1);
        expect(reads).toBeGreaterThan(3);
    });

    it("lets one process at a time work on a stack", async () => {
        const lock = path.join(directory, "state", "dev.lock");
        await up(options(async () => ({})));
        fs.writeFileSync(lock, String(process.pid));
        await expect(up(options(site()))).rejects.toThrow(/Process \d+ is at work on the stack "dev"/);
        fs.writeFileSync(lock, "4194305"); // more than any process has: it has ended
        await up(options(site()));
        expect(fs.existsSync(lock)).toBe(false);
    });

    it.each<[string, pulumi.CustomResourceOptions]>([
        ["import", { import: "site" }],
        ["transforms", { transforms: [async () => undefined] }],
    ])("refuses the option `%s`", async (name, opts) => {
        const program: Program = async () => {
            new kubernetes.core.v1.Namespace("site", { metadata: { name: "site" } }, { provider: provider(), ...opts });
            return {};
        };
        await expect(up(options(program))).rejects.toThrow(`uses the option \`${name}\``);
        expect(api.changes).toEqual([]);
    });

    describe("what the program only reads", () => {
        /** A Secret that a controller makes once there is a namespace. */
        const reader: Program = async () => {
            const opts = { provider: provider() };
            const namespace = new kubernetes.core.v1.Namespace("site", { metadata: { name: "site" } }, opts);
            const id = namespace.id.apply(site => `${site}/made`);
            const made = kubernetes.core.v1.Secret.get("made", id, opts);
            return { word: made.data.apply(data => Buffer.from(data?.word ?? "", "base64").toString()) };
        };
        const word = Buffer.from("rosebud").toString("base64");

        it("is read each time, and nothing of it is kept", async () => {
            api.objects.set("/api/v1/namespaces/site/secrets/made", {
                apiVersion: "v1", kind: "Secret", metadata: { name: "made", namespace: "site", uid: "1" }, data: { word },
            });
            expect((await up(options(reader))).outputs).toEqual({ word: "rosebud" });
            expect(fs.readFileSync(stateFile(), "utf8")).not.toMatch(new RegExp(`rosebud|${word}`));
            expect(lines.join("\n")).not.toMatch(new RegExp(`rosebud|${word}`));
            api.objects.delete("/api/v1/namespaces/site/secrets/made");
            await expect(up(options(reader))).rejects.toThrow("there is no Secret site/made to read");
        });

        it("may not be there yet in a preview", async () => {
            await expect(preview(options(reader))).resolves.toMatchObject({ changes: { create: 3 } });
        });

        it("can be objects only", async () => {
            const stack = async () => ({ other: new pulumi.StackReference("organization/clusters/prod").name });
            await expect(up(options(stack))).rejects.toThrow("The offline engine can't read pulumi:pulumi:StackReference");
        });
    });

    it("refuses a type that it can't do, by name and before any change", async () => {
        const program: Program = async () => {
            new kubernetes.core.v1.Namespace("site", { metadata: { name: "site" } }, { provider: provider() });
            new (class extends pulumi.CustomResource {})("aws:s3/bucket:Bucket", "bucket", {});
            return {};
        };
        await expect(up(options(program))).rejects.toThrow("can't do resources of type aws:s3/bucket:Bucket");
        expect(api.changes).toEqual([]);
    });

    it("refuses an object without an explicit provider", async () => {
        const program: Program = async () => ({ urn: new kubernetes.core.v1.Namespace("site").urn });
        await expect(up(options(program))).rejects.toThrow('"site" has no explicit provider');
    });

    it("leaves alone what someone else made", async () => {
        const metadata = { name: "site", uid: "theirs", managedFields: [{ manager: "kubectl" }] };
        api.objects.set("/api/v1/namespaces/site", { apiVersion: "v1", kind: "Namespace", metadata });
        await expect(up(options(site()))).rejects.toThrow("exists already and was not made by the offline engine");
        expect(api.changes).toEqual([]);
        await destroy(options(site()));
        expect(api.changes).toEqual([]);
    });
});

describe("an interrupted run", () => {
    it("is picked up: what is there is kept, what was begun is done again, under the same name", async () => {
        const refused = { code: 403, message: "quota exceeded" };
        api.intercept = (method, url) => (method === "PATCH" && url.includes("/secrets/") ? refused : undefined);
        const first = up(options(site({ password: true })));
        await expect(first).rejects.toThrow('"password" could not be created: quota exceeded');
        const begun = /password-[0-9a-f]{7}/.exec(fs.readFileSync(stateFile(), "utf8"))?.[0];
        expect(api.find("Namespace")).toHaveLength(1);

        api.intercept = () => undefined;
        const { outputs, changes } = await up(options(site({ password: true })));
        expect(outputs.name).toBe(begun);
        expect(changes.create).toBe(1);
    });

    it("takes up objects that it made but did not record", async () => {
        await up(options(site()));
        const uid = api.find("ConfigMap")[0].metadata.uid;
        fs.rmSync(stateFile());
        await up(options(site()));
        expect(api.find("ConfigMap")[0].metadata.uid).toBe(uid);
    });

    it("deletes nothing when a registration fails", async () => {
        await up(options(site({ password: true })));
        const broken: Program = async () => {
            provider();
            new command.local.Command("fails", { create: "process.exit(3)", interpreter: ["node", "-e"] });
            return {};
        };
        await expect(up(options(broken))).rejects.toThrow('"fails" could not be created: node ended with exit code 3');
        expect(api.objects.size).toBe(3);
    });

    it("does an update again that failed", async () => {
        await up(options(site()));
        api.intercept = method => (method === "PATCH" ? { code: 403, message: "no" } : undefined);
        await expect(up(options(site({ text: "changed" })))).rejects.toThrow("could not be updated");
        api.intercept = () => undefined;
        const { changes } = await up(options(site({ text: "hello" })));
        expect(changes.update).toBe(1);
        expect((await up(options(site({ text: "hello" })))).changes.same).toBe(4);
    });
});

describe("another cluster", () => {
    /** A cluster by a command, replaced with its trigger, and a namespace in it that goes with it. */
    const cluster = (incarnation: string): Program => async () => {
        const made = recorder(
            "kind",
            {
                create: `create ${incarnation}`,
                delete: `delete ${incarnation}`,
                triggers: [incarnation],
                environment: { PRINT: kubeconfigFor(server) },
            },
            { additionalSecretOutputs: ["stdout"], deleteBeforeReplace: true },
        );
        const args = { kubeconfig: made.stdout, clusterIdentifier: made.id };
        const opts = { provider: new kubernetes.Provider("cluster", args, { deletedWith: made }), deletedWith: made };
        return { uid: new kubernetes.core.v1.Namespace("site", { metadata: { name: "site" } }, opts).metadata.uid };
    };

    it("takes all with it: nothing is deleted from the old one", async () => {
        await up(options(cluster("a")));
        expect(recorded()).toEqual(["create a"]);
        api.objects.clear();
        api.changes.length = 0;
        const { changes } = await up(options(cluster("b")));
        expect(recorded()).toEqual(["create a", "delete a", "create b"]);
        expect(changes).toEqual({ create: 0, update: 0, replace: 3, delete: 0, same: 1 });
        expect(api.changes).toEqual(["PATCH /api/v1/namespaces/site"]);
        expect((await up(options(cluster("b")))).changes.same).toBe(4);
    });

    it("goes with one command on destroy", async () => {
        await up(options(cluster("a")));
        api.changes.length = 0;
        await destroy(options(cluster("a")));
        expect(recorded()).toEqual(["create a", "delete a"]);
        expect(api.changes).toEqual([]);
        expect((JSON.parse(fs.readFileSync(stateFile(), "utf8")) as { resources: unknown[] }).resources).toEqual([]);
    });

    it("is told by its identifier: the old objects are deleted where they are", async () => {
        const second = new KubernetesApi();
        const first = server;
        try {
            await up(options(site()));
            server = await second.start();
            const { changes } = await up(options(site({ identifier: "two" })));
            expect(changes.replace).toBe(3);
            expect(second.objects.size).toBe(2);
            expect(api.objects.size).toBe(0);
        } finally {
            server = first;
            await second.stop();
        }
    });

    it("that is the same one after all keeps its objects", async () => {
        await up(options(site()));
        await up(options(site({ identifier: "renamed" })));
        expect(api.objects.size).toBe(2);
    });

    it("is the same one when only the credentials change", async () => {
        await up(options(site()));
        server = server.replace("127.0.0.1", "localhost");
        const { changes } = await up(options(site()));
        expect(changes).toEqual({ create: 0, update: 1, replace: 0, delete: 0, same: 3 });
    });
});

describe("preview", () => {
    it("says what would change and changes nothing", async () => {
        const { changes } = await preview(options(site({ password: true })));
        expect(changes).toEqual({ create: 6, update: 0, replace: 0, delete: 0, same: 0 });
        expect(api.changes).toEqual([]);
        await up(options(site({ password: true })));
        api.changes.length = 0;
        lines.length = 0;
        const planned = await preview(options(site({ text: "new" })));
        expect(planned.changes).toEqual({ create: 0, update: 1, replace: 0, delete: 2, same: 3 });
        expect(lines).toContain("update  kubernetes:core/v1:ConfigMap  text");
        expect(lines).toContain("delete  kubernetes:core/v1:Secret  password");
        expect(api.changes).toEqual([]);
        expect((await up(options(site({ password: true })))).changes.same).toBe(6);
    });

    it("goes on where values are not known yet", async () => {
        const program: Program = async () => {
            const made = recorder("kind", { create: "create" });
            const args = { kubeconfig: made.stdout, clusterIdentifier: made.id };
            const opts = { provider: new kubernetes.Provider("cluster", args) };
            const metadata = { name: made.stdout.apply(text => text.length.toString()) };
            return { name: new kubernetes.core.v1.Namespace("site", { metadata }, opts).metadata.name };
        };
        expect((await preview(options(program))).changes.create).toBe(4);
        expect(recorded()).toEqual([]);
    });
});

describe("destroy", () => {
    it("deletes everything, dependants first", async () => {
        await up(options(site({ password: true })));
        api.changes.length = 0;
        const changes = await destroy(options(site()));
        expect(changes).toEqual({ create: 0, update: 0, replace: 0, delete: 6, same: 0 });
        expect(api.changes.at(-1)).toBe("DELETE /api/v1/namespaces/site");
        expect(api.objects.size).toBe(0);
    });

    it("leaves what is to be kept or retained", async () => {
        const program: Program = async () => {
            const opts = { provider: provider(), retainOnDelete: true };
            new kubernetes.core.v1.Namespace("retained", { metadata: { name: "retained" } }, opts);
            new kubernetes.core.v1.Namespace("kept", { metadata: { name: "kept" } }, { provider: opts.provider });
            new kubernetes.core.v1.Namespace("gone", { metadata: { name: "gone" } }, { provider: opts.provider });
            return {};
        };
        await up(options(program));
        await destroy(options(program), { keep: ({ name }) => name === "kept" });
        expect(api.find("Namespace").map(({ metadata }) => metadata.name).sort()).toEqual(["kept", "retained"]);
    });

    it("refuses to delete what is protected, before anything else goes", async () => {
        const program = (protect: boolean): Program => async () => {
            const opts = { provider: provider() };
            new kubernetes.core.v1.Namespace("data", { metadata: { name: "data" } }, { ...opts, protect });
            new kubernetes.core.v1.Namespace("other", { metadata: { name: "other" } }, opts);
            return {};
        };
        await up(options(program(true)));
        await expect(destroy(options(program(true)))).rejects.toThrow('Namespace "data" is protected');
        expect(api.find("Namespace")).toHaveLength(2);
        await up(options(program(false)));
        await destroy(options(program(false)));
        expect(api.find("Namespace")).toEqual([]);
    });

    it("counts an object that is gone already as deleted", async () => {
        await up(options(site()));
        api.objects.clear();
        expect((await destroy(options(site()))).delete).toBe(4);
    });
});
