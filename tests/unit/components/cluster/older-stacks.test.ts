import * as fs from "node:fs";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { renderKindConfig } from "../../../../components/cluster/kind/config";
import { minikubeStartArgs } from "../../../../components/cluster/minikube/start";
import { FakeComputer, Result } from "../../fixtures/cluster-fakes";

const name = "landfall-test";
const data = `~/.landfall/${name}/volumes`;
const owner = { CLUSTER_NAME: name, CLUSTER_OWNER: "landfall/test" };
const kind = {
    ...owner, INCARNATION: "one",
    CLUSTER_CONFIG: renderKindConfig({ nodes: 2, image: "kindest/node:v1", http: 8080, https: 8443, data }),
};
const volumes = { ...owner, VOLUMES: data, ON_DELETE: "delete", IMAGE: "kindest/node:v1" };
const minikube = {
    ...owner, INCARNATION: "one", REVISION: "0",
    CLUSTER_CONFIG: JSON.stringify(minikubeStartArgs({ name, nodes: 1, cpus: 2, memory: "4Gi", http: 8080, https: 8443 })),
};

/** The state of a stack that version 0.1.0 created names these for `delete`, with the interpreter `node`. */
const scripts = [
    "components/cluster/baremetal/leave.mjs",
    "components/cluster/baremetal/restore.mjs",
    "components/cluster/baremetal/snapshots-end.mjs",
    "components/cluster/cloud/await-released.mjs",
    "components/cluster/kind/delete-volumes.mjs",
    "components/cluster/kind/delete.mjs",
    "components/cluster/minikube/delete.mjs",
];

// The fakes are files with a #! line.
describe.skipIf(process.platform === "win32")("a stack that version 0.1.0 created", () => {
    let computer: FakeComputer;
    beforeEach(() => void (computer = new FakeComputer()));
    afterEach(() => computer.dispose());

    const run = (script: string, settings: Record<string, string>): Result =>
        computer.run(`components/cluster/${script}`, settings);

    test.each(scripts)("can still run %s", script => {
        // npm and Vitest set NODE, which bare metal's scripts use for something else.
        const { code, stdout, stderr } = computer.run(script, { NODE: "" });
        expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
        expect(stderr).toMatch(/^[A-Z_]+ is not set: this script is run by the program, not by hand\.\n$/);
    });

    test("on kind is destroyed, its volumes too", () => {
        run("kind/create-volumes.ts", volumes);
        run("kind/create.ts", kind);
        const volume = path.join(computer.home, name, "volumes", "claim");
        fs.mkdirSync(volume);
        expect(run("kind/delete.mjs", kind)).toEqual({ code: 0, stdout: "", stderr: "" });
        expect(computer.state.nodes).toEqual([]);
        expect(fs.existsSync(volume)).toBe(true);
        expect(run("kind/delete-volumes.mjs", volumes)).toEqual({ code: 0, stdout: "", stderr: "" });
        expect(fs.existsSync(computer.home)).toBe(false);
    });

    test("on kind keeps its volumes if they are to be kept", () => {
        run("kind/create-volumes.ts", volumes);
        expect(run("kind/delete-volumes.mjs", { ...volumes, ON_DELETE: "retain" }).code).toBe(0);
        expect(run("kind/delete-volumes.mjs", { ...volumes, LANDFALL_KEEP_DATA: "true" }).code).toBe(0);
        expect(fs.existsSync(path.join(computer.home, name, "volumes"))).toBe(true);
    });

    test("on minikube is destroyed, and another stack's cluster isn't", () => {
        run("minikube/create.ts", minikube);
        expect(run("minikube/delete.mjs", { ...owner, CLUSTER_OWNER: "landfall/other" }).code).toBe(0);
        expect(Object.keys(computer.state.profiles)).toEqual([name]);
        expect(run("minikube/delete.mjs", owner)).toEqual({ code: 0, stdout: "", stderr: "" });
        expect(computer.state.profiles).toEqual({});
        expect(fs.existsSync(computer.home)).toBe(false);
    });
});
