import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bundleProblems, partsFor } from "../../../../../components/cluster/baremetal/operator/bundle";
import type { NodeFacts } from "../../../../../components/cluster/baremetal/program/facts";
import { otherKey } from "../../../../../components/cluster/baremetal/operator/host-keys";
import { Answered, portsOf, problemsOf, warningsOf } from "../../../../../components/cluster/baremetal/operator/judge";
import { describeFailure, isSilent, isStranger, renderSshConfig } from "../../../../../components/cluster/baremetal/operator/ssh";

const node = (name: string, more: Partial<NodeFacts> = {}): NodeFacts => ({
    name, host: "198.18.40.11", address: "198.18.40.11", port: 22, user: "root", role: "control-plane", ...more,
});

describe("ssh", () => {
    test("is told everything in a file of its own, and nothing about keys that it doesn't know", async () => {
        const config = renderSshConfig(
            { key: "/keys/id", knownHosts: "/keys/known hosts", bastion: { host: "198.18.40.2", port: 2222, user: "jump" } },
            [node("one", { user: "admin" }), node("two", { host: "two.example.com", port: 2200 })],
            { one: "/tmp/pinned" },
        );
        await expect(config).toMatchFileSnapshot("golden/ssh-config.txt");
        expect(config).toContain("StrictHostKeyChecking yes");
        expect(config).toContain("BatchMode yes");
    });

    test.each<[string, string, RegExp]>([
        ["a wrong key", "admin@198.18.40.11: Permission denied (publickey).", /refuses the key for root.*ssh\.key/s],
        ["another host key", "Host key verification failed.", /another host key than is known.*hostKey/s],
        ["an unknown host key", "No ED25519 host key is known for 198.18.40.11 and you have requested strict checking.\n" +
            "Host key verification failed.", /none is known/],
        ["a dead host", "ssh: connect to host 198.18.40.11 port 22: Connection timed out", /does not answer/],
        ["no sshd", "ssh: connect to host 198.18.40.11 port 22: Connection refused", /refuses connections/],
        ["a name that is none", "ssh: Could not resolve hostname x: Name or service not known", /does not resolve/],
    ])("that fails by %s says so, and on which machine", (_, stderr, message) => {
        const text = describeFailure(node("one"), { code: 255, stderr });
        expect(text).toMatch(/^one \(root@198\.18\.40\.11:22\) /);
        expect(text).toMatch(message);
    });

    test.each([
        ["doesn't answer", "ssh: connect to host 198.18.40.2 port 2222: Connection refused\nkex_exchange_identification: Connection closed by remote host\n",
            /can't be reached: the bastion 198\.18\.40\.2 refuses connections\. Does sshd run there/],
        ["refuses the key", "jump.er@198.18.40.2: Permission denied (publickey).\nkex_exchange_identification: Connection closed by remote host\n",
            /can't be reached: the bastion 198\.18\.40\.2 refuses the key for jump\.er\. Is it in ~jump\.er\/\.ssh/],
        ["has no way to the machine", "channel 0: open failed: connect failed: No route to host\nstdio forwarding failed\nkex_exchange_identification: x\n",
            /can't be reached from the bastion, [^]*\nchannel 0: open failed: connect failed: No route to host$/],
    ])("whose bastion %s says so", (_, stderr, message) => {
        expect(describeFailure(node("one"), { code: 255, stderr })).toMatch(message);
    });

    test("that the machine itself refuses says nothing of a bastion", () => {
        const stderr = "john.doe@198.18.40.11: Permission denied (publickey).\n";
        expect(describeFailure(node("one", { user: "john.doe" }), { code: 255, stderr }))
            .toMatch(/^one \(john\.doe@198\.18\.40\.11:22\) refuses the key for john\.doe\. Is it in ~john\.doe\/\.ssh/);
    });

    test("that finds no sudo says how to allow it", () => {
        const text = describeFailure(node("one", { user: "admin" }), { code: 1, stderr: "sudo: a password is required\n" });
        expect(text).toContain("admin can't become root without a password");
        expect(text).toContain("admin ALL=(ALL) NOPASSWD: ALL");
    });

    test("that runs a script which fails says at which task, with the end of what it printed", () => {
        const stderr = `${"noise\n".repeat(50)}the reason\nlandfall: failed: Install packages\n`;
        const text = describeFailure(node("one"), { code: 1, stderr, began: true, whole: true });
        expect(text).toMatch(/one \(root@198\.18\.40\.11:22\): Install packages failed\.\n/);
        expect(text).toMatch(/the reason$/);
        expect(text.split("\n").length).toBeLessThan(30);
    });

    test("dials again only where nobody answered, so that nothing is begun twice", () => {
        expect(isSilent({ stderr: "ssh: connect to host x port 22: Connection timed out" })).toBe(true);
        expect(isSilent({ stderr: "Permission denied (publickey)." })).toBe(false);
        expect(isSilent({ stderr: "Host key verification failed." })).toBe(false);
        expect(isSilent({ began: true, stderr: "curl: (7) Connection refused" })).toBe(false);
    });

    test("takes a machine for another only where its key proves it, never where no key is known", () => {
        const changed = "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.";
        expect(isStranger({ stderr: changed })).toBe(true);
        expect(isStranger({ stderr: `one (198.18.40.11:22) ${otherKey}: expected SHA256:a, found SHA256:b.` })).toBe(true);
        expect(isStranger({ stderr: "No ED25519 host key is known for one and you have requested strict checking.\n" +
            "Host key verification failed." })).toBe(false);
        expect(isStranger({ stderr: "ssh: connect to host 198.18.40.11 port 22: Connection timed out" })).toBe(false);
    });
});

const cluster = { owner: "landfall/prod", version: "v1.36.3" };
const fine: Record<string, string[]> = {
    os: ["debian-13"], arch: ["x86_64"], machine: ["a"], memory: ["4000"], processors: ["2"], disk: ["50000"], swap: [""],
    systemd: ["yes"], addresses: ["127.0.0.1,198.18.40.11"],
};
const answer = (found: Record<string, string[]> = {}, more: Partial<NodeFacts> = {}, apart = 0): Answered =>
    ({ node: node("one", more), found: { ...fine, ...found }, apart });

describe("a machine", () => {
    test("that is as it should be has no problem, and one that is a node already neither", () => {
        expect(problemsOf(cluster, [answer()])).toEqual([]);
        const member = { owner: ["landfall/prod"], member: ["one"], role: ["control-plane"], version: ["v1.36.3"], leftover: ["/etc/kubernetes/kubelet.conf"],
            port: ["6443 kube-apiserver"], runtime: ["containerd"], disk: ["500"] };
        expect(problemsOf(cluster, [answer(member)])).toEqual([]);
    });

    test.each<[string, Record<string, string[]>, RegExp]>([
        ["of another system", { os: ["fedora-43"] }, /runs fedora-43 on x86_64; there must be one of debian-12/],
        ["of another architecture", { arch: ["riscv64"] }, /runs debian-13 on riscv64/],
        ["without systemd", { systemd: ["no"] }, /does not run systemd/],
        ["with too little memory", { memory: ["1500"] }, /has 1500 MiB of memory; a control-plane node needs 1700/],
        ["with one processor", { processors: ["1"] }, /has 1 processor/],
        ["with no disk", { disk: ["9999"] }, /has 9999 MB of disk free under \/var\/lib; 10000 are needed/],
        ["that swaps", { swap: ["/dev/sda2"] }, /swaps to \/dev\/sda2.*swapoff/],
        ["with another address", { addresses: ["127.0.0.1,10.0.0.5"] }, /no interface with the address 198\.18\.40\.11/],
        ["with a poor kernel", { kernel: ["overlay"] }, /lacks the kernel module overlay/],
        ["in another stack", { owner: ["landfall/dev"] }, /belongs to the stack landfall\/dev, not to landfall\/prod/],
        ["in another cluster", { leftover: ["/etc/kubernetes/kubelet.conf"] }, /is in another cluster already.*kubelet\.conf/],
        ["with a runtime of its own", { runtime: ["docker"] }, /runs docker already/],
        ["with a port taken", { port: ["6443 nginx"] }, /has port 6443 taken by nginx/],
        ["behind a firewall", { dropped: ["198.18.40.12:6443"] }, /gets no answer from 198\.18\.40\.12:6443.*firewall/],
        ["two minor versions behind", { owner: ["landfall/prod"], member: ["one"], role: ["control-plane"], version: ["v1.34.1"] },
            /runs Kubernetes v1\.34\.1: minor versions go up one at a time. Next is v1\.35/],
        ["of which the role has changed", { owner: ["landfall/prod"], member: ["one"], version: ["v1.36.3"] },
            /is a worker node of this cluster, and can't become a control-plane node as it is/],
        ["of which the name has changed", {
            owner: ["landfall/prod"], member: ["old"], role: ["control-plane"], version: ["v1.36.3"],
        }, /is the node old of this cluster/],
        ["ahead of the settings", { owner: ["landfall/prod"], member: ["one"], role: ["control-plane"], version: ["v1.36.4"] }, /can't go back to v1\.36\.3/],
    ])("%s is refused by name", (_, found, message) => {
        const problems = problemsOf(cluster, [answer(found)]);
        expect(problems).toHaveLength(1);
        expect(problems[0]).toMatch(message);
        expect(problems[0]).toMatch(/^one \(198\.18\.40\.11\) /);
    });

    test("of the cluster is warned of when the kubelet is about to evict pods, and not before", () => {
        const warnings = (free?: number) => warningsOf([{ node: node("one"), free }], 0);
        expect([warnings(), warnings(10), warnings(100)]).toEqual([[], [], []]);
        expect(warnings(9)).toEqual([expect.stringMatching(/^one \(198\.18\.40\.11\) has 9 % of its disk .* free.*evicts pods/)]);
    });

    test("of the cluster that could not take its last snapshot is warned of", () => {
        expect(warningsOf([{ node: node("one"), free: 50, snapshots: "failed" }], 0)).toEqual(
            [expect.stringMatching(/^one \(198\.18\.40\.11\) could not take the last snapshot.*journalctl --unit landfall-snapshot$/)]);
    });

    test("with many problems tells all of them at once, and so do many machines", () => {
        const problems = problemsOf(cluster, [
            answer({ swap: ["/swap"], memory: ["100"] }), answer({ machine: ["b"], disk: ["1"] }, { name: "two" }),
        ]);
        expect(problems.map(problem => problem.split(" ")[0])).toEqual(["one", "one", "two"]);
    });

    test("can't be two nodes", () => {
        const [problem] = problemsOf(cluster, [answer(), answer({}, { name: "two", host: "198.18.40.12" })]);
        expect(problem).toMatch(/two \(198\.18\.40\.12\) and one \(198\.18\.40\.11\) are the same machine/);
    });

    test("whose clock is more than five seconds from the others' is named, whatever this computer's says", () => {
        const machines = (aparts: number[]) => aparts.map((apart, index) =>
            answer({ machine: [String(index)] }, { name: `n${index}` }, apart));
        fc.assert(fc.property(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: 6, max: 999 }), (here, off) => {
            expect(problemsOf(cluster, machines([here, here + 1, here]))).toEqual([]);
            const problems = problemsOf(cluster, machines([here, here + off, here]));
            expect(problems).toHaveLength(1);
            expect(problems[0]).toMatch(/^n1 .* ahead of the others'/);
        }));
    });

    test("of one minor version behind, or of an older patch, may be upgraded", () => {
        fc.assert(fc.property(fc.integer({ min: 0, max: 1 }), fc.nat(20), fc.nat(20), (behind, from, to) => {
            fc.pre(behind === 1 || from <= to);
            const found = { owner: ["landfall/prod"], member: ["one"], role: ["control-plane"], version: [`v1.${36 - behind}.${from}`] };
            expect(problemsOf({ ...cluster, version: `v1.36.${to}` }, [answer(found)])).toEqual([]);
        }));
    });

    test("of the control plane needs the ports of etcd and the API server, a worker its kubelet's", () => {
        expect(portsOf("control-plane")).toEqual(expect.arrayContaining([6443, 2379, 2380, 10250]));
        expect(portsOf("worker")).not.toContain(6443);
    });
});

describe("an offline bundle", () => {
    let directory: string;
    const put = (name: string, text: string): void => {
        fs.mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
        fs.writeFileSync(path.join(directory, name), text);
    };
    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall bundle "));
        const files = ["bin/amd64/kubelet", "cni/amd64/ptp", "images/kit.tar", "images/control-plane/kit.tar",
            "images/workloads/kit.tar", "packages/debian-13-amd64/a_1%3a2.deb",
            "packages/ubuntu-24.04-arm64/a.deb", "version/v1.36.3"];
        files.forEach(name => put(name, name));
        const digest = (name: string) => createHash("sha256").update(name).digest("hex");
        put("SHA256SUMS", files.map(name => `${digest(name)}  ${name}\n`).join(""));
    });
    afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));
    const problems = (version = "v1.36.3", systems = ["debian-13-amd64"]) => bundleProblems(directory, version, systems);

    test("that is whole has no problem", async () => {
        expect(await problems()).toEqual([]);
    });

    test.each<["control-plane" | "worker", boolean, string[]]>([
        ["control-plane", true, ["images/kit.tar", "images/control-plane/kit.tar"]],
        ["control-plane", false, ["images/kit.tar", "images/control-plane/kit.tar", "images/workloads/kit.tar"]],
        ["worker", true, ["images/kit.tar", "images/workloads/kit.tar"]],
    ])("has for a %s (workers beside it: %s) its own part", (role, tainted, images) => {
        expect(partsFor(directory, "debian-13-amd64", { role, tainted }).map(({ name }) => name)).toEqual(
            ["bin/amd64/kubelet", "cni/amd64/ptp", ...images, "packages/debian-13-amd64/a_1%3a2.deb"]);
    });

    test.each<[string, () => void, RegExp]>([
        ["incomplete", () => fs.rmSync(path.join(directory, "images/kit.tar")), /is incomplete: images\/kit\.tar is missing/],
        ["altered", () => put("bin/amd64/kubelet", "another"), /was altered: bin\/amd64\/kubelet has the SHA-256/],
        ["none", () => fs.rmSync(path.join(directory, "SHA256SUMS")), /has no SHA256SUMS/],
    ])("that is %s is refused", async (_, spoil, message) => {
        spoil();
        expect((await problems()).join("\n")).toMatch(message);
    });

    test("for another version, system or architecture is refused", async () => {
        expect((await problems("v1.36.4")).join()).toMatch(/holds Kubernetes v1\.36\.3, and .*kubernetesVersion is v1\.36\.4/);
        expect((await problems("v1.36.3", ["debian-12-amd64"])).join()).toMatch(/no packages for debian-12-amd64/);
        expect((await problems("v1.36.3", ["ubuntu-24.04-arm64"])).join()).toMatch(/no programs for arm64/);
    });
});
