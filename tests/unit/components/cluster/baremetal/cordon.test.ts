import * as fs from "node:fs";
import { describe, expect, test } from "vitest";
import { scriptOf } from "../../../support/operations";
import { type Answers, onMachine } from "../../../support/standin";

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

    test("is not touched where a member of etcd is not well", () => {
        const { status, stderr, calls } = onMachine({ ...node("", false), etcdctl: "exit 1" }).run(scriptOf("server-aroundPatch"));
        expect([status, stderr]).toEqual([1, expect.stringContaining("failed: Look whether all members of etcd are healthy")]);
        expect(calls.filter(call => call.startsWith("kubectl"))).toEqual([]);
    });
});

describe.skipIf(process.platform !== "linux")("a reboot", () => {
    const boot = () => `${fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fs.readFileSync("/proc/1/stat", "utf8").split(" ")[21]}`;
    const script = (name: string, of: string) => scriptOf(name).replace("'ID'", `'${of}'`);

    test("is none where the machine was rebooted since", () => {
        expect(onMachine().run(script("server-reboot", "an earlier one"))).toMatchObject({ status: 0, calls: [] });
    });

    test("says who wants it and why, and is over for the control plane once its API and all of etcd are well", () => {
        const on = onMachine();
        const { status, calls } = on.run(script("server-reboot", boot()));
        expect(status).toBe(0);
        expect(calls[0]).toBe("systemctl reboot --no-block --message Landfall: a package asks for it");
        expect(calls.slice(1).map(call => call.split(" ")[0])).toEqual(["curl", "curl", "etcdctl", "etcdctl"]);
        expect(on.read("var/lib/landfall/patched")).toBe("2026-11\n");
    });

    test("of a worker asks no control plane", () => {
        expect(onMachine().run(script("worker-reboot", boot())).calls).toHaveLength(1);
    });

    test("is not remembered as done where the API doesn't come back", () => {
        const on = onMachine({ curl: "exit 7" });
        expect(on.run(script("server-reboot", boot())).status).toBe(7);
        expect(on.read("var/lib/landfall/patched")).toBeUndefined();
    });
});

describe("patches", () => {
    test("come from the repositories with what they need, or from the bundle alone", () => {
        expect(scriptOf("worker-patch")).toMatch(/patiently apt-get upgrade .*--with-new-pkgs/);
        expect(scriptOf("server-patch")).not.toMatch(/apt-get (update|upgrade|install)/);
        expect(scriptOf("server-patch")).toMatch(/dpkg --compare-versions "\$version" gt "\$\{installed#\* \}" \|\| continue/);
    });

    test("leave Kubernetes and the container runtime to upgrades", () => {
        for (const name of ["worker-patch", "server-patch"]) expect(scriptOf(name)).toMatch(/patiently apt-mark hold \$installed/);
        expect(scriptOf("server-patch")).toContain('case "$name" in containerd|runc) continue ;; esac');
    });

    test("end in a reboot where the settings say so, else where something asks for it", () => {
        expect(scriptOf("worker-patch")).toContain("echo 'the settings say so'");
        expect(scriptOf("server-patch")).not.toContain("the settings say so");
    });
});
