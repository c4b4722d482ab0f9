import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { object, objects, runStack } from "../../support/program";

interface ConfigMap { data: Record<string, string> }
interface StorageClass { parameters: { pathPattern: string } }
interface HelperPod { spec: { volumes: { name: string; hostPath: { path: string } }[]; containers: { volumeMounts: { name: string; mountPath: string }[] }[] } }
interface Claim { metadata: { name: string; namespace: string; labels: Record<string, string> } }

let scripts: Record<string, string>;
let pattern: string;
let claims: Claim[];
beforeAll(async () => {
    const resources = await runStack("dev");
    scripts = object<ConfigMap>(resources, "ConfigMap", "local-path-provisioner").data;
    pattern = object<StorageClass>(resources, "StorageClass", "landfall-local").parameters.pathPattern;
    claims = objects<Claim>(resources, "PersistentVolumeClaim");
});

let base: string;
beforeEach(() => void (base = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-volumes-"))));
afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

const group = process.getgid?.() ?? 0;

/** Where the provisioner would have this volume of the claim `production/data`; `of` is another cluster or stack. */
function directoryOf(volume: string, { labelled = true, of = (name: string) => name } = {}): string {
    const name = of(pattern)
        .replace("{{ .PVC.Namespace }}", "production")
        .replace("{{ .PVC.Name }}", "data")
        .replace('{{ index .PVC.Labels "landfall.dev/group" }}', labelled ? String(group) : "")
        .replace("{{ .PVName }}", volume);
    expect(name).not.toMatch(/[{}]/);
    return path.join(base, name);
}

/** As the provisioner's helper runs it, which makes the directory above. */
function run(script: string, directory: string, cluster?: string): void {
    fs.mkdirSync(path.dirname(directory), { recursive: true });
    const input = cluster === undefined ? scripts[script] : scripts[script].replace(/^cluster=.*$/m, `cluster=${cluster}`);
    execFileSync("sh", ["-s"], { input, env: { ...process.env, VOL_DIR: directory }, stdio: "pipe" });
}

function made(directory: string, content?: string, cluster?: string): string {
    run("setup", directory, cluster);
    if (content !== undefined) fs.writeFileSync(path.join(directory, "content"), content);
    return directory;
}

const contentOf = (directory: string) => fs.readFileSync(path.join(directory, "content"), "utf8");
const modeOf = (file: string) => (fs.statSync(file).mode & 0o7777).toString(8);

describe.skipIf(process.platform === "win32")("a volume's directory", () => {
    const otherStack = (name: string) => name.replace(/_[0-9a-f]{8}_/, "_ffffffff_");
    const shown = (directory: string) => fs.readdirSync(directory).filter(name => !name.startsWith(".cluster_"));

    it("keeps its data when the old volume of its name is deleted late", () => {
        const old = made(directoryOf("pvc-1"), "old");
        const again = made(directoryOf("pvc-2"));
        expect(fs.readdirSync(again)).toEqual([]);
        fs.writeFileSync(path.join(again, "content"), "new");
        run("teardown", old);
        expect(contentOf(again)).toBe("new");
        expect(shown(path.dirname(again))).toEqual([path.basename(again)]);
    });

    it("goes as a whole, also after a deletion that was cut off", () => {
        const directory = made(directoryOf("pvc-1"), "old");
        fs.renameSync(directory, path.join(path.dirname(directory), `.deleted_${path.basename(directory)}`));
        run("teardown", directory);
        expect(fs.existsSync(directory)).toBe(false);
    });

    it("is deleted with its namespace's, once nothing at all is left there", () => {
        const [first, second] = [made(directoryOf("pvc-1"), "one"), made(directoryOf("pvc-2"), "two")];
        run("teardown", first);
        expect(contentOf(second)).toBe("two");
        const hidden = path.join(path.dirname(second), ".own");
        fs.writeFileSync(hidden, "somebody's");
        run("teardown", second);
        expect(fs.readdirSync(path.dirname(second))).toEqual([".own"]);
        fs.rmSync(hidden);
        run("teardown", second);
        expect(fs.readdirSync(base)).toEqual([]);
        expect(fs.readdirSync(made(directoryOf("pvc-3")))).toEqual([]);
    });

    it("is seen by the helper beside those of all namespaces, of which it only mounts the volume's own", async () => {
        const nodes = { one: { host: "203.0.113.11" }, two: { host: "203.0.113.12", role: "worker" } };
        const environment = { name: "production", host: "www.example.com", tls: { issuer: "ca" } };
        const { containers: [{ volumeMounts }], volumes } = (JSON.parse(object<ConfigMap>(
            await runStack("server", { cluster: { target: "baremetal", nodes, sharedDirectory: "/srv/landfall" }, environment }), "ConfigMap", "local-path-provisioner").data["helperPod.yaml"]) as HelperPod).spec;
        expect(volumes.map(({ hostPath }) => hostPath.path).sort()).toEqual(["/srv/landfall", "/var/lib/landfall-volumes"]);
        for (const { name, mountPath } of volumeMounts) {
            const directory = volumes.find(volume => volume.name === name)!.hostPath.path;
            expect(scripts.teardown).toContain(`root=${mountPath.slice(0, -directory.length)}\n`);
        }
    });

    it("is the one that the claim had in an earlier cluster, and in the first versions", () => {
        made(directoryOf("pvc-1"), "earlier", "another");
        expect(contentOf(made(directoryOf("pvc-2")))).toBe("earlier");
        fs.rmSync(path.join(base, "production"), { recursive: true });

        const first = path.join(base, "production/data");
        fs.mkdirSync(first, { recursive: true });
        fs.writeFileSync(path.join(first, "content"), "first");
        fs.chmodSync(first, 0o777);
        const found = made(directoryOf("pvc-3"));
        expect([contentOf(found), modeOf(found)]).toEqual(["first", "770"]);
    });

    it("is never another claim's, nor one that another stack has in a directory that they share", () => {
        made(directoryOf("pvc-1", { of: otherStack }), "other stack's", "another");
        made(path.join(base, "production/data-2"), "other claim's");
        expect(fs.readdirSync(made(directoryOf("pvc-2")))).toEqual([]);
        expect(contentOf(directoryOf("pvc-1", { of: otherStack }))).toBe("other stack's");
        expect(contentOf(path.join(base, "production/data-2"))).toBe("other claim's");
    });

    it("is open to its pods' group alone; without one the directory above keeps others out", () => {
        const directory = made(directoryOf("pvc-1"));
        expect([modeOf(directory), fs.statSync(directory).gid]).toEqual(["770", group]);
        expect(modeOf(path.dirname(directory))).toBe("700");
        expect(modeOf(made(directoryOf("pvc-2", { labelled: false })))).toBe("777");
    });

    it("is made again without a change when the provisioner tries again", () => {
        const directory = made(directoryOf("pvc-1"), "content");
        run("setup", directory);
        expect(contentOf(directory)).toBe("content");
    });

    it("has a name that a file system takes, for the longest claim that the program makes", () => {
        const longest = Math.max(...claims.map(({ metadata: { name } }) => name.length));
        const own = path.basename(directoryOf(`pvc-${"0".repeat(36)}`)).length - "data".length + longest;
        expect(own).toBeLessThan(255);
    });

    it("is asked for the group of the pods that use it", () => {
        expect(claims.map(({ metadata: { name, labels } }) => [name, labels["landfall.dev/group"]]).sort())
            .toEqual([["database-data", "10002"], ["web-uploads", "10001"]]);
    });
});
