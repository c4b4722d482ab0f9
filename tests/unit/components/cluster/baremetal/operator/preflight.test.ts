import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Answered, portsOf, problemsOf } from "../../../../../../components/cluster/baremetal/operator/preflight";
import type { NodeFacts } from "../../../../../../components/cluster/baremetal/program/facts";

const node = (name: string, more: Partial<NodeFacts> = {}): NodeFacts => ({
    name, host: "198.18.40.11", address: "198.18.40.11", port: 22, user: "root", role: "control-plane", ...more,
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
