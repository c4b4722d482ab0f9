import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fakeSsh } from "../../../../support/machines";

const node = (name: string, last: number, role = "control-plane") => ({
    name, host: `198.18.40.${last}`, port: 22, user: "root", address: `198.18.40.${last}`, role, incarnation: `id-of-${name}`,
});
const [one, two, web] = [node("one", 11), node("two", 12), node("web", 21, "worker")];

/** What can't be seen mustn't be taken for what is gone. */
describe.skipIf(process.platform === "win32")("a machine or an API that doesn't answer", () => {
    let directory: string;
    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-silence-"));
    });
    afterEach(() => fs.rmSync(directory, { recursive: true }));

    /** Runs a script of the program with machines that answer as `answers` says; see fakeSsh. */
    function run(script: string, settings: Record<string, unknown>, answers: Record<string, string | undefined>) {
        fakeSsh(directory, answers);
        const result = spawnSync(process.execPath, ["--require", "tsx/cjs", `components/cluster/baremetal/operator/${script}.ts`], {
            encoding: "utf8",
            env: {
                ...process.env, PATH: `${directory}:${process.env.PATH}`, SSH: "{}",
                ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, JSON.stringify(value)])),
            },
        });
        return { ...result, asked: fs.readFileSync(path.join(directory, "log"), "utf8") };
    }

    test("is no node less where the API doesn't say so", () => {
        const settings = { CLUSTER: { owner: "landfall/prod" }, NODES: [one, two, web] };
        const member = (name: string) => `printf 'member=id-of-${name}\\nincarnation=cluster\\n'`;
        const unseen = run("status", settings, { one: member("one"), two: member("two"), web: undefined });
        expect(unseen.status).toBe(1);
        expect(unseen.stderr).toMatch(/web and the API don't answer, so it isn't known whether.*Nothing was changed/s);
        const known = `${member("one")}; printf 'known=web id-of-web\\nasked=yes\\n'`;
        const seen = run("status", settings, { one: known, two: member("two"), web: undefined });
        expect(JSON.parse(seen.stdout)).toMatchObject({ incarnation: "cluster", members: { web: "id-of-web" } });
        const forgotten = run("status", settings, { one: `${member("one")}; echo asked=yes`, two: member("two"), web: undefined });
        expect(JSON.parse(forgotten.stdout).members).toEqual({ one: "id-of-one", two: "id-of-two" });
    });

    const joining = {
        CLUSTER: { name: "prod", endpoint: "198.18.40.100:6443", ignorePreflightErrors: [], volumesDirectory: "/volumes" },
        NODE: one, NODES: [one, two],
    };

    test("is no reason to begin a second cluster", () => {
        const { status, stderr, asked } = run("join", joining, {
            one: "exit 0",
            two: 'case "$script" in *readyz*) exit 1 ;; *kubelet.conf*) echo member ;; esac',
        });
        expect(status).toBe(1);
        expect(stderr).toMatch(/one does not begin a cluster, as there may be one.*two is a node of a cluster whose API doesn't answer/s);
        expect(asked).not.toContain("kubeadm init");
    });

    test("is begun with where no machine is a member yet", () => {
        const { asked } = run("join", joining, {
            one: 'case "$script" in *"kubeadm init"*) echo began >> $directory/began ;; *"kubeadm version"*) echo v1.36.2 ;; *readyz*) [ -e $directory/began ] || exit 1 ;; esac',
            two: 'case "$script" in *readyz*) exit 1 ;; esac',
        });
        expect(asked).toContain("kubeadm init");
    });

    test("is never taken for a machine that is no member", () => {
        const { status, stderr, asked } = run("join", { ...joining, NODES: [two, one] }, {
            one: undefined,
            two: "exit 0",
        });
        expect(status).toBe(1);
        expect(stderr).toContain("one (root@198.18.40.11:22) can't be reached");
        expect(asked).not.toContain("member remove");
    });
});
