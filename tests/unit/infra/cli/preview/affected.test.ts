import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { EventReport } from "../../../../../infra/cli/engine/events";
import { affectedStacks, changedFiles } from "../../../../../infra/cli/preview/affected";
import { dataIn, isListed } from "../../../../../infra/cli/preview/data";
import { planOf } from "../../../../../infra/cli/preview/plan";
import { environmentSecrets, withoutSecrets } from "../../../../../infra/cli/preview/secrets";
import { candidateOf, stacksHere } from "../../../../../infra/cli/preview/stacks";
import { Terminal } from "../../../../../infra/cli/terminal";
import { clusterTypes } from "../../../support/types";

const root = path.resolve(__dirname, "../../../../..");
const stacks = stacksHere();
const candidates = stacks.map(candidateOf);
const affected = (...files: string[]): string[] => affectedStacks(files, candidates);

describe("the stacks that a change can touch", () => {
    it.each([
        ["README.md"], ["infra/guides/team.md"], [".github/workflows/checks.yml"], ["tests/unit/readme.test.ts"], ["infra/cli/status.ts"],
        ["components/cluster/kind/README.md"], [".gitlab-ci.yml"], ["infra/config/REFERENCE.md"], ["LICENSE"],
    ])("are none for %s", file => {
        expect(affected(file)).toEqual([]);
    });

    it.each([
        ["infra/index.ts"], ["package-lock.json"], ["Pulumi.yaml"], ["components/workload/database.ts"], ["components/cluster/cluster.ts"],
        ["components/images.lock.json"], ["a-new-directory/file"], ["tsconfig.json"], ["infra/cli/capture/program.ts"],
    ])("are all for %s", file => {
        expect(affected(file)).toEqual(stacks);
    });

    it("are one for its own file, and those on its cluster", () => {
        expect(affected("Pulumi.gke.yaml")).toEqual(["gke"]);
        expect(affected("Pulumi.dev.yaml")).toEqual(expect.arrayContaining(["dev", "uat"]));
        expect(affected("Pulumi.dev.yaml")).not.toContain("prod");
    });

    it("include one on the cluster of a stack that isn't among those that are asked for", () => {
        expect(affectedStacks(["Pulumi.dev.yaml"], candidates.filter(({ stack }) => ["uat", "gke"].includes(stack)))).toEqual(["uat"]);
    });

    it("are those of a target for its code", () => {
        expect(affected("components/cluster/eks/index.ts")).toEqual(["eks"]);
        expect(affected("components/cluster/baremetal/machine/install.ts")).toEqual(["server"]);
        expect(affected("components/cluster/cloud/version.ts")).toEqual(stacks);
    });

    it("are those of an application for its image, and of services for what their images are built from", () => {
        expect(affected("infra/images/web/Dockerfile")).not.toContain("services");
        expect(affected("infra/images/web/Dockerfile")).toContain("prod");
        expect(affected("infra/template/app/counter.py")).toEqual(["services"]);
    });

    it("include one whose file can't be read, if in doubt", () => {
        expect(affectedStacks(["components/cluster/eks/index.ts"], [{ stack: "broken" }])).toEqual(["broken"]);
        expect(affectedStacks(["README.md"], [{ stack: "broken" }])).toEqual([]);
    });

    it("follow from code that only its target loads", () => {
        const sources = fs.readdirSync(path.join(root, "components"), { recursive: true, encoding: "utf8" })
            .map(name => `components/${name.split(path.sep).join("/")}`).filter(name => name.endsWith(".ts"));
        const imports = sources.filter(name => name !== "components/cluster/index.ts").flatMap(name => {
            const [, own] = /^components\/cluster\/(\w+)\//.exec(name) ?? [];
            const text = fs.readFileSync(path.join(root, name), "utf8");
            return [...text.matchAll(/^import (?!type ).* from "([^"]+)"/gm)].map(([, from]) => path.posix.join(path.posix.dirname(name), from))
                .filter(from => /^components\/cluster\/(kind|minikube|baremetal|eks|gke|aks)\//.test(from) && !from.startsWith(`components/cluster/${own}/`))
                .map(from => `${name} imports ${from}`);
        });
        expect(imports).toEqual([]);
    });
});

describe("the files of a change", () => {
    const git = (directory: string, ...args: string[]): void => {
        const { status, stderr } = spawnSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main", ...args], { cwd: directory, encoding: "utf8" });
        if (status !== 0) throw new Error(stderr);
    };

    it("are those since the common ancestor, with both names of a renamed one, and those not yet committed", async () => {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall git ü "));
        try {
            const write = (name: string, text = name): void => fs.writeFileSync(path.join(directory, name), text);
            git(directory, "init");
            ["Pulumi.dev.yaml", "same", "ü name"].forEach(name => write(name, "a long text that git knows again\n".repeat(9)));
            git(directory, "add", ".");
            git(directory, "commit", "-m", "one");
            git(directory, "switch", "-c", "change");
            git(directory, "mv", "Pulumi.dev.yaml", "Pulumi.prod.yaml");
            git(directory, "commit", "-m", "two");
            git(directory, "switch", "main");
            write("theirs");
            git(directory, "add", ".");
            git(directory, "commit", "-m", "three");
            git(directory, "switch", "change");
            write("ü name", "changed");
            write("new");
            expect((await changedFiles("main", directory))?.sort()).toEqual(["Pulumi.dev.yaml", "Pulumi.prod.yaml", "new", "ü name"]);
            expect(await changedFiles("no-such-revision", directory)).toBeUndefined();
            expect(await changedFiles("--output=x", directory)).toBeUndefined();
        } finally {
            fs.rmSync(directory, { recursive: true });
        }
    });
});

describe("what holds data", () => {
    it("is decided for every type that a stack has", async () => {
        const types = await clusterTypes();
        expect(types.length).toBeGreaterThan(80);
        expect(types.filter(type => !isListed(type))).toEqual([]);
    });

    it.each([
        "kubernetes:core/v1:PersistentVolumeClaim", "kubernetes:apps/v1:StatefulSet", "kubernetes:core/v1:Namespace", "random:index/randomPassword:RandomPassword",
        "aws:eks/cluster:Cluster", "gcp:container/nodePool:NodePool", "azure-native:containerservice:ManagedCluster", "aws:s3/bucketV2:BucketV2",
        "aws:rds/instance:Instance", "gcp:sql/databaseInstance:DatabaseInstance", "azure-native:dbformysql:Server", "aws:efs/fileSystem:FileSystem",
        "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "aws:kms/key:Key", "gcp:compute/snapshot:Snapshot", "somebody:new/thing:Thing",
        "kubernetes:someone.example/v1:Database", "docker:index/volume:Volume", "aws:route53/zone:Zone", "azure-native:network:PrivateZone", "aws:s3/bucketObjectv2:BucketObjectv2",
    ])("is %s", type => {
        expect(dataIn({ type })).toMatch(/\w/);
    });

    it.each(["kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Secret", "docker:index/image:Image", "aws:iam/role:Role", "kubernetes:batch/v1:Job", "aws:s3/bucketPolicy:BucketPolicy"])("isn't %s", type => {
        expect(dataIn({ type })).toBeUndefined();
    });

    it("is a command whose deletion deletes something", () => {
        const command = (script?: string) => dataIn({ type: "command:local:Command", inputs: { create: "a.ts", ...script && { delete: script } } });
        expect(command("components/cluster/kind/delete.ts")).toContain("the cluster");
        expect(command("components/cluster/kind/delete-volumes.ts")).toContain("volumes");
        expect(command("components/cluster/baremetal/operator/reset.ts")).toContain("machine");
        expect(command("something/else.sh")).toContain("may delete data");
        expect(command("components/cluster/cloud/await-released.ts")).toBeUndefined();
        expect(command()).toBeUndefined();
    });
});

describe("a plan", () => {
    it("has no secret of the environment or the stack, in none of the forms that errors have them in", () => {
        const password = "p\"ss w/rd+1";
        const key = "A".repeat(30);
        const kubeconfig = `users:\n- user: { client-key-data: ${key}, name: admin }\n`;
        const said = [password, Buffer.from(password).toString("base64"), encodeURIComponent(password), JSON.stringify(password), key].join(" / ");
        const plan = planOf("dev", [{ sequence: 1, timestamp: 1, diagnosticEvent: { message: `failed: ${said}`, color: "never", severity: "error" } }]);
        const clean = withoutSecrets(plan, [password, kubeconfig, "abc"]);
        expect(clean.errors).toEqual(['failed: [secret] / [secret] / [secret] / "[secret]" / [secret]']);
        expect(environmentSecrets({ DB_PASSWORD: "1", PULUMI_CONFIG_PASSPHRASE: "2", GITHUB_TOKEN: "3", AWS_SECRET_ACCESS_KEY: "4", PATH: "5", PULUMI_CONFIG_PASSPHRASE_FILE: "6" }))
            .toEqual(["1", "2", "3", "4"]);
    });

    it("of a refresh names what differs and how, also where the engine doesn't say it", () => {
        const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "s3cr3t" };
        const [inputs, same] = [{ spec: { replicas: 1 } }, { password: secret, list: [1] }];
        const metadata = {
            op: "update", urn: "urn:pulumi:d::landfall::kubernetes:apps/v1:Deployment::a", type: "kubernetes:apps/v1:Deployment", provider: "", detailedDiff: null,
            old: { inputs, outputs: { ...same, spec: { replicas: 1 }, "a.b": "x" } }, new: { inputs, outputs: { ...same, password: "other", list: [2], spec: { replicas: 5 }, "a.b": "x" } },
        };
        const [{ properties }] = planOf("dev", [{ sequence: 1, timestamp: 1, resOutputsEvent: { metadata } }] as unknown as Parameters<typeof planOf>[1], "refresh").changes;
        expect(properties).toEqual([
            { path: "password", replaces: false, from: "[secret]", to: "[secret]" }, { path: "list", replaces: false }, { path: "spec.replicas", replaces: false, from: "1", to: "5" },
        ]);
    });

    it("has none of the short secrets in an object or an address", () => {
        const secrets = [
            '{"user":"administrator","nested":[{"password":"hunter22"}]}', "users:\n- user: {username: default-user, password: hunter33}\n",
            ...environmentSecrets({ PULUMI_BACKEND_URL: "postgres://us@er:p@ss%20wd@host/state", HTTPS_PROXY: "http://me:pr0xypw@proxy:1", AZURE_STORAGE_KEY: "AbC123==", PWD: "/home/someone" }),
        ];
        const message = "administrator default-user hunter22 hunter33 p@ss%20wd pr0xypw AbC123== /home/someone";
        const plan = planOf("dev", [{ sequence: 1, timestamp: 1, diagnosticEvent: { message, color: "never", severity: "error" } }]);
        expect(withoutSecrets(plan, secrets).errors).toEqual(["administrator default-user [secret] [secret] [secret] [secret] [secret] /home/someone"]);
    });

    const stepOf = (op: string, type: string) => ({ sequence: 1, timestamp: 1, resourcePreEvent: { metadata: { op, urn: `urn:pulumi:d::landfall::${type}::a`, type, provider: "" } } });
    const planOfSteps = (type: string, ...ops: string[]) => planOf("dev", ops.map(op => stepOf(op, type)) as unknown as Parameters<typeof planOf>[1]);

    it.each([["update", "delete"], ["delete", "create"], ["create", "delete"]])("names a volume of which one copy is deleted: %s, %s", (...ops) => {
        expect(planOfSteps("kubernetes:core/v1:PersistentVolumeClaim", ...ops).changes).toMatchObject([{ data: "a volume with its files" }]);
    });

    it.each(["discard", "read-replacement", "discard-replaced"])("loses nothing by %s, which only forgets what was read", op => {
        expect(planOfSteps("kubernetes:core/v1:Namespace", op).changes).toEqual([expect.not.objectContaining({ data: expect.anything() as unknown })]);
    });

    it("of a failed preview has what the engine said as errors, and of a refresh what has drifted", () => {
        const step = (op: string, more = {}) => ({ op, urn: "urn:pulumi:d::landfall::kubernetes:core/v1:ConfigMap::a", type: "kubernetes:core/v1:ConfigMap", provider: "", ...more });
        const events = [
            { sequence: 1, timestamp: 1, resourcePreEvent: { metadata: step("refresh") } },
            { sequence: 2, timestamp: 1, resOutputsEvent: { metadata: step("update", { detailedDiff: { "data.a": { diffKind: "update", inputDiff: false } } }) } },
        ] as unknown as Parameters<typeof planOf>[1];
        expect(planOf("dev", events, "refresh").changes).toMatchObject([{ operation: "update", properties: [{ path: "data.a" }] }]);
        expect(planOf("dev", events, "refresh").counts).toMatchObject({ update: 1, same: 0 });
        const report = new EventReport(new Terminal({ write: () => undefined }, {}));
        for (const op of ["update", "same"]) {
            expect(() => [events[0], { sequence: 2, timestamp: 1, resOutputsEvent: { metadata: step(op) } }].forEach(event => report.onEvent(event as never))).not.toThrow();
        }
    });
});
