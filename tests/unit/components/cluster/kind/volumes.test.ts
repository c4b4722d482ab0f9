import * as fs from "node:fs";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { renderKindConfig } from "../../../../../components/cluster/kind/config";
import { FakeComputer, Result } from "../../../fixtures/cluster-fakes";

const name = "landfall-test";
const data = `~/.landfall/${name}/volumes`;
const cluster = {
    CLUSTER_NAME: name,
    CLUSTER_OWNER: "landfall/test",
    CLUSTER_CONFIG: renderKindConfig({ nodes: 1, image: "kindest/node:v1", http: 8080, https: 8443, data }),
    INCARNATION: "one",
};

// The fakes are files with a #! line.
describe.skipIf(process.platform === "win32")("kind's volumes", () => {
    let computer: FakeComputer;
    beforeEach(() => void (computer = new FakeComputer()));
    afterEach(() => computer.dispose());

    const run = (script: string, settings: Record<string, string>): Result =>
        computer.run(`components/cluster/kind/${script}.ts`, settings);
    const settings = (directory = data, policy = "delete") => ({
        ...cluster, VOLUMES: directory, ON_DELETE: policy, IMAGE: "kindest/node:v1",
    });
    const volumes = (): string => path.join(computer.home, name, "volumes");

    test("are in a directory that other people can't enter, wherever it is", () => {
        expect(run("create-volumes", settings()).code).toBe(0);
        expect(fs.statSync(volumes()).mode & 0o777).toBe(0o700);
        expect(fs.statSync(path.dirname(volumes())).mode & 0o777).toBe(0o700);
        const own = path.join(computer.directory, "disk", "volumes");
        fs.mkdirSync(own, { recursive: true, mode: 0o777 });
        expect(run("create-volumes", settings(own)).code).toBe(0);
        expect(fs.statSync(own).mode & 0o777).toBe(0o700);
    });

    test("outlive the cluster, and are found again", () => {
        run("create-volumes", settings());
        run("create", cluster);
        fs.writeFileSync(path.join(volumes(), "data"), "kept");
        run("delete", cluster);
        expect(run("create-volumes", settings()).code).toBe(0);
        expect(run("create", { ...cluster, INCARNATION: "two" }).code).toBe(0);
        expect(fs.readFileSync(path.join(volumes(), "data"), "utf8")).toBe("kept");
    });

    test("are deleted with all above them that is empty", () => {
        run("create-volumes", settings());
        fs.mkdirSync(path.join(volumes(), "claim", ".landfall"), { recursive: true });
        expect(run("delete-volumes", settings()).code).toBe(0);
        expect(run("delete-volumes", settings()).code).toBe(0);
        expect(fs.existsSync(computer.home)).toBe(false);
    });

    test("are deleted from where the person wants them, and nothing around them", () => {
        const own = path.join(computer.directory, "disk", "volumes");
        run("create-volumes", settings(own));
        expect(run("delete-volumes", settings(own)).code).toBe(0);
        expect(fs.readdirSync(path.dirname(own))).toEqual([]);
    });

    test("are kept where the settings or the person say so", () => {
        run("create-volumes", settings());
        expect(run("delete-volumes", settings(data, "retain")).code).toBe(0);
        expect(run("delete-volumes", { ...settings(), LANDFALL_KEEP_DATA: "true" }).code).toBe(0);
        expect(fs.existsSync(volumes())).toBe(true);
    });

    test("go with what an interrupted run left of the cluster", async () => {
        run("create-volumes", settings());
        computer.change(state => void (state.behave.kind = "hang"));
        await computer.interrupt("components/cluster/kind/create.ts", cluster, "hanging");
        expect(computer.state.nodes).toHaveLength(1);
        expect(run("delete-volumes", settings()).code).toBe(0);
        expect(computer.state.nodes).toEqual([]);
        expect(fs.existsSync(computer.home)).toBe(false);
    });

    test("never go into, nor delete, a directory that holds other things", () => {
        const photos = path.join(computer.directory, "photos");
        fs.mkdirSync(photos);
        fs.writeFileSync(path.join(photos, "beach.jpg"), "");
        expect(run("create-volumes", settings(photos)).stderr).toMatch(/photos can't hold the volumes/);
        expect(run("delete-volumes", settings(photos)).code).toBe(0);
        expect(fs.readdirSync(photos)).toEqual(["beach.jpg"]);
    });

    test("of other users are removed by a container", () => {
        run("create-volumes", settings());
        fs.mkdirSync(path.join(volumes(), "claim"));
        fs.writeFileSync(path.join(volumes(), "claim", "file"), "");
        computer.becomeOrdinaryUser();
        fs.chmodSync(path.join(volumes(), "claim"), 0o555);
        expect(run("delete-volumes", settings()).code).toBe(0);
        expect(computer.calls("docker").map(({ args }) => args[0])).toEqual(["container", "run"]);
        expect(fs.existsSync(volumes())).toBe(false);
    });
});
