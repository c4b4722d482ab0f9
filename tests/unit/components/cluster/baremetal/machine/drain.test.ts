import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { drainTasks } from "../../../../../../components/cluster/baremetal/machine/drain";
import { renderScript } from "../../../../../../components/cluster/baremetal/machine/script";
import { scriptOf } from "../../../../support/operations";
import { type Answers, onMachine } from "../../../../support/standin";

describe.skipIf(process.platform !== "linux")("a node that is cordoned for an upgrade or a patch", () => {
    /** The cluster's kubectl, which knows a node's mark and whether it is cordoned. */
    const node = (mark: string, cordoned: boolean): Answers => ({
        kubectl: `case "$*" in
            *landfall*cordoned\\}*) cat $(dirname $0)/../mark 2>/dev/null || printf '${mark}' ;;
            *unschedulable*) printf '${cordoned ? "true" : ""}' ;;
            "annotate node one --overwrite landfall.dev/cordoned="*) printf '%s' "\${5#*=}" > $(dirname $0)/../mark ;;
            "get node one --ignore-not-found"*) echo node/one ;;
            *lease*) date +%s%N ;;
        esac`,
    });

    test.each([["server-around", "upgrade"], ["server-aroundPatch", "patch"]])("%s takes pods again after it", (name, reason) => {
        const { status, calls } = onMachine(node("", false)).run(scriptOf(name));
        expect(status).toBe(0);
        expect(calls).toContain(`kubectl annotate node one --overwrite landfall.dev/cordoned=${reason}`);
        expect(calls.slice(-2)).toEqual(["kubectl uncordon one", "kubectl annotate node one landfall.dev/cordoned-"]);
        expect(calls.indexOf("kubectl cordon one")).toBeLessThan(calls.indexOf("kubectl uncordon one"));
    });

    test.each(["server-around", "server-aroundPatch"])("%s leaves one cordoned that someone else had cordoned", name => {
        const { status, calls } = onMachine(node("", true)).run(scriptOf(name));
        expect(status).toBe(0);
        expect(calls.filter(call => /annotate|uncordon/.test(call))).toEqual([]);
    });

    test("has its version and is ready before pods come", () => {
        const { calls } = onMachine(node("", false)).run(scriptOf("server-around"));
        const waits = calls.filter(call => call.startsWith("kubectl wait"));
        expect(waits.map(call => /--for (\S+)/.exec(call)?.[1])).toEqual(["jsonpath={.status.nodeInfo.kubeletVersion}=v1.36.4", "condition=Ready"]);
        expect(calls.indexOf(waits[1])).toBeLessThan(calls.indexOf("kubectl uncordon one"));
    });

    test("keeps the pods whose volume is on it, and no others", () => {
        const answers = node("", false);
        const { calls } = onMachine({ kubectl: `${answers.kubectl}
            case "$*" in
                "get persistentvolumes"*) printf '%s\\n' 'shop data one' 'shop elsewhere two' 'shop anywhere' ;;
                "get pods"*) printf '%s\\n' 'shop database data' 'shop web elsewhere anywhere' 'shop bare' ;;
            esac` }).run(scriptOf("server-around"));
        expect(calls.filter(call => call.startsWith("kubectl label"))).toEqual(["kubectl label pod database --namespace shop --overwrite landfall.dev/stays=true"]);
        expect(calls.find(call => call.startsWith("kubectl drain"))).toContain("--pod-selector !landfall.dev/stays");
    });

    test.each([[[], 1800], [["30", "120"], 1800], [["30", "4247", "4233"], 4847]])(
        "is drained for longer than its slowest pod may take to stop: %j", (graces, seconds) => {
            const answers = node("", false);
            const { status, calls } = onMachine({ kubectl: `${answers.kubectl}
                case "$*" in "get pods "*"spec.nodeName=one"*terminationGracePeriodSeconds*) printf '%s\\n' ${graces.join(" ")} ;; esac` })
                .run(renderScript(drainTasks("one", { answers: true })));
            expect(status).toBe(0);
            expect(calls.at(-1)).toBe(`kubectl drain one --ignore-daemonsets --delete-emptydir-data --timeout=${seconds}s`);
        });

    test("is not touched where a member of etcd is not well", () => {
        const { status, stderr, calls } = onMachine({ ...node("", false), etcdctl: "exit 1" }).run(scriptOf("server-aroundPatch"));
        expect([status, stderr]).toEqual([1, expect.stringContaining("failed: Check that all members of etcd are healthy")]);
        expect(calls.filter(call => call.startsWith("kubectl"))).toEqual([]);
    });
});

describe.skipIf(process.platform === "win32")("a drain", () => {
    let directory: string;
    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-drain-"));
        fs.writeFileSync(path.join(directory, "kubectl"), `#!/bin/bash
case "$1 $2" in
    "drain one") for try in {1..50}; do
        echo 'error when evicting pods/"web-1" -n "shop" (will retry after 5s): Cannot evict pod as it would violate the pod'"'"'s disruption budget.'
    done >&2; echo 'error: unable to drain node "one": global timeout reached: 600s' >&2; exit 1 ;;
    "get poddisruptionbudgets") printf 'web other' ;;
    "get node") case "$3" in one) echo node/one ;; away) echo 'The connection was refused' >&2; exit 1 ;; esac ;;
esac\n`, { mode: 0o755 });
    });
    afterEach(() => fs.rmSync(directory, { recursive: true }));

    const drain = (name: string) => {
        const script = renderScript(drainTasks(name, { answers: true }))
            .replace(/ PATH=\S+/, ` PATH=${directory}:$PATH`).replaceAll("/run/landfall.lock", path.join(directory, "lock"));
        return spawnSync("bash", ["-s"], { input: script, encoding: "utf8" });
    };

    test("has nothing to do where there is no such node, and fails if that isn't known", () => {
        expect(drain("gone").status).toBe(0);
        expect(drain("away")).toMatchObject({ status: 1, stderr: expect.stringContaining("connection was refused") });
    });

    test("that takes too long names the pod that stays, and the budgets that keep it", () => {
        const { status, stderr } = drain("one");
        expect(status).toBe(1);
        expect(stderr).toContain("shop/web-1 can't be evicted: its PodDisruptionBudget allows no disruption (web, other).");
        expect(stderr).toContain("global timeout reached: 600s");
        expect(stderr.split("\n").length).toBeLessThan(12);
    });
});
