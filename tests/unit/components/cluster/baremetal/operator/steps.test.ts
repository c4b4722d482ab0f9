import { describe, expect, test } from "vitest";
import * as endSnapshots from "../../../../../../components/cluster/baremetal/operator/end-snapshots";
import { encryptionConfig, type Key } from "../../../../../../components/cluster/encryption";
import * as install from "../../../../../../components/cluster/baremetal/operator/install";
import * as join from "../../../../../../components/cluster/baremetal/operator/join";
import * as leave from "../../../../../../components/cluster/baremetal/operator/leave";
import * as patch from "../../../../../../components/cluster/baremetal/operator/patch";
import * as reset from "../../../../../../components/cluster/baremetal/operator/reset";
import * as restore from "../../../../../../components/cluster/baremetal/operator/restore";
import * as rotate from "../../../../../../components/cluster/baremetal/operator/rotate";
import * as snapshot from "../../../../../../components/cluster/baremetal/operator/snapshot";
import * as spread from "../../../../../../components/cluster/baremetal/operator/spread";
import * as upgrade from "../../../../../../components/cluster/baremetal/operator/upgrade";
import type { Connection } from "../../../../../../components/cluster/baremetal/operator/ssh";
import type { Result } from "../../../../../../components/cluster/baremetal/operator/ssh-failure";
import {
    answeringNode, type Condition, ignored, needsAll, type Operation, perform, renderSteps, type Step,
} from "../../../../../../components/cluster/baremetal/operator/steps";
import type { KnownNode } from "../../../../../../components/cluster/baremetal/program/facts";
import { available, one, stepsOf, three, two, worker } from "../../../../support/operations";

const answer = (stdout: string): Result => ({ ok: true, code: 0, stdout, stderr: "", began: true, whole: true });
const failure: Result = { ok: false, code: 1, stdout: "", stderr: "no\nlandfall: failed: Step\n", began: true, whole: true };

/** Machines that answer as `answers` says; `log` has the tasks that each was sent, as NODE: TASK,TASK. */
function machines(answers: Record<string, Result> = {}) {
    const log: string[] = [];
    const attempt: Connection["attempt"] = async ({ name }, script) => {
        const sent = `${name}: ${stepsOf(String(script)).join()}`;
        log.push(sent);
        return answers[sent] ?? answers[name] ?? answer("");
    };
    const run: Connection["run"] = async (node, script) => (await attempt(node, script)).stdout;
    return { connection: { attempt, run }, log };
}

const controlPlanes = [one, two, three];
const nodes = [...controlPlanes, worker];
const { connection } = machines();
const repository = { repository: "/mnt/backup/etcd", password: "PASSWORD" };
const snapshots = { name: available.name, schedule: "hourly", keep: { hourly: 24, daily: 7, weekly: 4 } };

/** Operations as they are printed before they run. */
const lists: Record<string, string> = {
    "install web": renderSteps(install.steps, { connection, cluster: available, node: worker }),
    "join two": renderSteps(join.steps, {
        connection, cluster: available as join.Join["cluster"], node: two, controlPlanes, host: one, isMember: false, volumes: [], version: "",
    }),
    "upgrade web": renderSteps(upgrade.steps, { connection, cluster: available, node: worker, host: one, running: "", stale: false }),
    "patch two": renderSteps(patch.steps, {
        connection, cluster: available as patch.Patch["cluster"], node: two, host: one, isPatched: false, since: "", reasons: [],
    }),
    "spread pods": renderSteps(spread.steps, { connection, host: one }),
    "rotate the certificates": renderSteps(rotate.certificateSteps, { connection, cluster: { rotation: "2026-11" }, controlPlanes, rotated: [] }),
    "rotate the encryption key": renderSteps(rotate.keySteps, {
        connection, cluster: { rotation: "2026-11" }, controlPlanes, first: one, keys: new Map(),
    }),
    "take snapshots": renderSteps(snapshot.steps, { connection, cluster: snapshots, controlPlanes, repository }),
    "end snapshots": renderSteps(endSnapshots.steps, { connection, controlPlanes }),
    "restore a snapshot": renderSteps(restore.steps, {
        connection, cluster: { ...available, restore: "latest" }, nodes, controlPlanes, repository, members: controlPlanes,
        targets: controlPlanes, first: one, snapshot: { id: "ID", time: "", hostname: "" }, revision: 0, restarted: nodes,
    }),
    "take web out": renderSteps(leave.steps, { connection, node: worker, host: one, answers: true }),
    "reset all machines": renderSteps(reset.steps, { connection, cluster: { ...available, volumes: "/volumes" }, nodes }),
};

describe("an operation", () => {
    test("can be read before it runs, with each step's machines and conditions", async () => {
        const text = Object.entries(lists).map(([name, list]) => `${name}\n${list}`).join("\n");
        await expect(text).toMatchFileSnapshot("golden/operations.txt");
        expect(text).not.toContain("PASSWORD");
    });

    test("of which everything is done already changes nothing", async () => {
        const names = (log: string[]) => log.map(line => line.replace(/^\w+: /, ""));
        const patched = machines({ "two: Check whether the machine is patched": answer("patched\n") });
        await perform(patch.steps, {
            connection: patched.connection, cluster: available as patch.Patch["cluster"], node: two, host: one, isPatched: false,
            since: "", reasons: [],
        });
        expect(patched.log).toEqual([
            "two: Check whether the machine is patched", "one: Check whether two was cordoned for this,Uncordon two",
        ]);
        const rotated = machines({ one: answer("2026-11"), two: answer("2026-11"), three: answer("2026-11") });
        await perform(rotate.certificateSteps, { connection: rotated.connection, cluster: { rotation: "2026-11" }, controlPlanes, rotated: [] });
        expect(new Set(names(rotated.log))).toEqual(new Set(["Read the last rotation of the certificates"]));
        const current = machines({ "one: Check which version web runs": answer(available.version) });
        await perform(upgrade.steps, { connection: current.connection, cluster: available, node: worker, host: one, running: "", stale: false });
        expect(names(current.log).slice(0, 2)).toEqual(
            ["Check which version web runs", "Check the container runtime and the kubelet's reservations"]);
        expect(current.log).toHaveLength(3);
        const member = machines({ "two: ": answer(`${two.incarnation}\n`) });
        await perform(join.steps, {
            connection: member.connection, cluster: available as join.Join["cluster"], node: two, controlPlanes, isMember: false,
            volumes: [], version: "",
        });
        expect(names(member.log).join()).not.toMatch(/Join the|Create the cluster|token|Remove/);
    });

    /** Starts a cluster on the first machine, where kubeadm prints this as its version. */
    async function start(printed: string) {
        const scripts: string[] = [];
        const { connection: fresh } = machines();
        const failed = await perform(join.steps, {
            connection: { ...fresh, attempt: async (_, script) => {
                scripts.push(String(script));
                if (String(script).includes("/readyz")) return scripts.some(text => text.includes("kubeadm init")) ? answer("") : failure;
                return answer(String(script).includes("kubeadm version --output short") ? printed : "");
            } },
            cluster: { ...available, version: undefined } as unknown as join.Join["cluster"], node: one, controlPlanes, isMember: false,
            volumes: [], version: "",
        }).catch(error => error as Error);
        return { failed, scripts, init: scripts.filter(script => script.includes("kubeadm init")) };
    }

    test.each<[string, string]>([["v1.36.2\n", "v1.36.2"], ["Warning: a new release is out\nv1.37.0-rc.1\n", "v1.37.0-rc.1"]])(
        "that starts a cluster has kubeadm take the version that is on the machine, not the latest that the internet knows: %j", async (printed, version) => {
            const { init } = await start(printed);
            expect(init).toEqual([expect.stringContaining(`"kubernetesVersion": "${version}"`)]);
        });

    test("that starts a cluster touches nothing where kubeadm tells no version", async () => {
        const { failed, scripts } = await start("command disabled by policy\n");
        expect(String(failed)).toMatch(/one \(198\.18\.40\.11\): kubeadm does not tell its version\. It printed:\ncommand disabled/);
        expect(scripts.filter(script => /kubeadm (reset|init)/.test(script))).toEqual([]);
    });

    test("that only spreads pods doesn't end the run where it fails", async () => {
        const { connection: broken } = machines({ one: failure });
        await expect(perform(spread.steps, { connection: broken, host: one })).resolves.toBeUndefined();
    });

    test("that fails on a machine does nothing after it, but deletes the token that it has created", async () => {
        const { connection: broken, log } = machines({
            "one: Create a join token": answer("TOKEN AUTHORITY"),
            "web: Write kubeadm's configuration,Join the cluster (kubeadm join),Record that the machine is a member": failure,
        });
        const joining = perform(join.steps, {
            connection: broken, cluster: available as join.Join["cluster"], node: worker, controlPlanes, isMember: false, volumes: [], version: "",
        });
        await expect(joining).rejects.toThrow(/web \(root@198\.18\.40\.21:22\): Step failed\./);
        expect(log.at(-1)).toBe("one: Delete the join token");
    });
});

describe("the rotation of the encryption key", () => {
    const [old, fresh] = [{ name: "key1", secret: "b2xk" }, { name: "key-2026-11", secret: "bmV3" }];

    /** Rotates where the nodes have these keys; returns the keys that each node is sent, in order, and REWRITE in between. */
    async function rotateFrom(keys: Record<string, Key[]>): Promise<string[]> {
        const sent: string[] = [];
        const attempt: Connection["attempt"] = async ({ name }, input) => {
            const script = String(input);
            const config = /^CONFIG='([^']*)'$/m.exec(script)?.[1];
            if (config) sent.push(`${name}: ${rotate.parseKeys(config)?.map(key => key.name).join()}`);
            if (script.includes("kubectl replace")) sent.push("REWRITE");
            if (/^begin 'Create an encryption key'$/m.test(script)) return answer(fresh.secret);
            return answer(/^cat \S+encryption\.json$/m.test(script) ? JSON.stringify(encryptionConfig(keys[name])) : "");
        };
        await perform(rotate.keySteps, {
            connection: { ...connection, attempt }, cluster: { rotation: "2026-11" }, controlPlanes, first: one, keys: new Map(),
        });
        return sent;
    }
    const onAll = (names: string) => controlPlanes.map(({ name }) => `${name}: ${names}`);
    const whole = [...onAll("key1,key-2026-11"), ...onAll("key-2026-11,key1"), "REWRITE", ...onAll("key-2026-11")];

    test("has every node know the new key before any uses it, and drops the old one last", async () => {
        expect(await rotateFrom({ one: [old], two: [old], three: [old] })).toEqual(whole);
    });

    test("goes on with the key that an interrupted run has made", async () => {
        const sent = await rotateFrom({ one: [fresh, old], two: [old, fresh], three: [old] });
        expect(sent).toEqual([
            "one: key-2026-11,key1", "two: key1,key-2026-11", "three: key1,key-2026-11", ...whole.slice(3),
        ]);
    });

    test("that is done writes no secret again, and sees to it that the API servers use the key", async () => {
        expect(await rotateFrom({ one: [fresh], two: [fresh], three: [fresh] })).toEqual(onAll("key-2026-11"));
    });

    test("is refused where two nodes have different keys of its name", async () => {
        await expect(rotateFrom({ one: [fresh, old], two: [{ ...fresh, secret: "eA==" }, old], three: [old] }))
            .rejects.toThrow(/different keys that are called key-2026-11\. Nothing was changed/);
    });
});

describe("the restore of a snapshot", () => {
    const listed = JSON.stringify([{ id: "abcd1234", time: "2026-11-29T00:00:00Z", hostname: available.name }]);

    /** Restores where these machines are members; returns the tasks that each was sent. */
    async function restoreOn(members: string[]) {
        const { connection: sent, log } = machines({
            ...Object.fromEntries(members.map(name => [name, answer("member")])),
            "one: Install restic,List the snapshots": answer(listed),
        });
        const state: restore.Restore = {
            connection: sent, cluster: { ...available, restore: "latest" }, nodes, controlPlanes, repository, members: [], targets: [],
            first: one, snapshot: { id: "", time: "", hostname: "" }, revision: 0, restarted: [],
        };
        await perform(restore.steps, state);
        return { state, on: (task: string) => log.filter(line => line.includes(task)).map(line => line.split(":")[0]) };
    }

    test("replaces the data of all members at one revision, once all of them have stopped", async () => {
        const { state, on } = await restoreOn(["one", "two", "three", "web"]);
        expect(on("Download the snapshot")).toEqual(["one", "two", "three"]);
        expect(on("Replace etcd's data")).toEqual(["one", "two", "three"]);
        expect(on("Restart the kubelet")).toEqual(["one", "two", "three", "web"]);
        expect([state.snapshot.id, state.restarted.length, state.revision > 1e12]).toEqual(["abcd1234", 4, true]);
    });

    test("where there is no control plane only brings it to the machine that starts the cluster", async () => {
        const { on } = await restoreOn([]);
        expect(on("Download the snapshot")).toEqual(["one"]);
        expect([...on("Stop the control plane"), ...on("Replace etcd's data"), ...on("Restart the kubelet")]).toEqual([]);
    });
});

describe("steps", () => {
    interface State extends Operation { nodes: KnownNode[]; found: string[]; isOn: boolean }
    const isOn = { words: "it is on", holds: s => s.isOn } satisfies Condition<State>;
    const task = (name: string) => () => [{ name, script: "true" }];
    const performWith = async (steps: Step<State>[], answers: Record<string, Result> = {}) => {
        const { connection: sent, log } = machines(answers);
        const state: State = { connection: sent, nodes: controlPlanes, found: [], isOn: false };
        const problem = await perform(steps, state).then(() => undefined, (error: Error) => error.message);
        return { log, found: state.found, problem };
    };

    test("run where all of their conditions hold at that moment", async () => {
        const { log } = await performWith([
            { on: "nodes", when: [isOn], tasks: task("Before") },
            { name: "Turn it on", run: async s => void (s.isOn = true) },
            { on: "nodes", inTurn: true, when: [isOn], tasks: task("After") },
        ]);
        expect(log).toEqual(["one: After", "two: After", "three: After"]);
    });

    test("on several machines report all failures at once, or in turn end with the first", async () => {
        const answers = { two: failure, three: failure };
        const together = await performWith([{ on: "nodes", tasks: task("Step") }, { on: "nodes", tasks: task("Next") }], answers);
        expect(together.problem).toMatch(/two .*Step failed[^]*three .*Step failed/);
        expect(together.log).toHaveLength(3);
        const inTurn = await performWith([{ on: "nodes", inTurn: true, tasks: task("Step") }], answers);
        expect(inTurn.problem).not.toContain("three");
        expect(inTurn.log).toEqual(["one: Step", "two: Step"]);
    });

    test("give on what machines printed, also where a failure is accepted", async () => {
        const step: Step<State> = {
            on: "nodes", tasks: task("Step"), failed: ignored, found: (s, printed, { name }) => void s.found.push(`${name}=${printed}`),
        };
        const { found, problem } = await performWith([step], { one: answer("a\n"), two: failure });
        expect([found, problem]).toEqual([["one=a", "two=", "three="], undefined]);
    });

    test("that need all nodes say that nothing was changed", async () => {
        const { problem } = await performWith([{ on: "nodes", tasks: task("Step"), failed: needsAll("It") }], { two: failure });
        expect(problem).toMatch(/^It needs all control-plane nodes\. Nothing was changed\.\n\ntwo .*[^]*or replace it under landfall:cluster\.nodes/);
    });
});

describe("the node that is asked", () => {
    test("is the first that answers, also if that takes it a moment", async () => {
        let asked = 0;
        const attempt: Connection["attempt"] = async ({ name }) => (asked++ >= 3 && name === two.name ? answer("ok") : failure);
        const slow = { ...connection, attempt } as Connection;
        expect(await answeringNode(slow, controlPlanes)).toBe(two);
    });

    test("is missed with a word on how long, if none answers", async () => {
        const silent = { ...connection, attempt: async () => failure } as unknown as Connection;
        await expect(answeringNode(silent, controlPlanes, 0)).rejects.toThrow("No control-plane node has answered for 0 s.");
    });
});
