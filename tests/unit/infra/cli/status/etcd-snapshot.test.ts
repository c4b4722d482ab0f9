import { describe, expect, it } from "vitest";
import type { Fields } from "../../../../../infra/cli/status/fields";
import type { Problem } from "../../../../../infra/cli/status/problem";
import { judge, manager } from "../../../fixtures/alarms";
import { ago, node, wellStack } from "../../../fixtures/stack-objects";

describe("snapshots of etcd", () => {
    const notes = (name: string, given: Record<string, string>): Fields => node(name, {
        metadata: { annotations: Object.fromEntries(Object.entries(given).map(([key, value]) => [`landfall.dev/snapshot-${key}`, value])) },
    });
    const told = (nodes: Fields[], pods = wellStack().pods, etcdSnapshots = true): Problem[] =>
        judge({ ...wellStack(), nodes, pods }, "server", { etcdSnapshots });
    const good = { taken: ago(1200), due: ago(-2400) };

    it.each<[what: string, nodes: Fields[]]>([
        ["one was taken", [notes("one", good), node("two")]],
        ["one was taken again after one that failed, by another node too", [
            notes("one", { failed: `${ago(5000)} Fatal: no space`, taken: ago(9000), due: ago(1400) }), notes("two", good),
        ]],
        ["one is due, and may still be under way", [notes("one", { taken: ago(5000), due: ago(1400) })]],
        ["the next isn't known", [notes("one", { taken: ago(86_400) })]],
        ["the nodes couldn't be read", []],
    ])("are well where %s", (_, nodes) => {
        expect(told(nodes)).toEqual([]);
    });

    it.each<[what: string, nodes: Fields[], severity: string, says: RegExp, action: RegExp]>([
        ["the last failed", [notes("one", { ...good, failed: `${ago(60)} Fatal: no space left on device` }), node("two")], "failing",
            /^failed 60 s ago on one: Fatal: no space left on device\. The last good one is 20 min old$/, /take one on one as root: systemctl start landfall-snapshot\./],
        ["the last failed on another node", [notes("one", good), notes("two", { failed: `${ago(60)} refused`, due: ago(-2400) })], "failing",
            /^failed 60 s ago on two: refused\. The last good one is 20 min old$/, /on two as root/],
        ["the last failed, where another machine may lead etcd by now", ["one", "two"].map(name => node(name, { metadata: {
            labels: { "node-role.kubernetes.io/control-plane": "" },
            annotations: name === "one" ? { "landfall.dev/snapshot-failed": `${ago(60)} No snapshot was taken.` } : {},
        } })), "failing", /^failed 60 s ago on one: No snapshot was taken\. There is no good one yet$/, /take one on each control-plane machine as root.* on one$/],
        ["the first failed, without a word", [notes("one", { failed: ago(60) })], "failing", /^failed 60 s ago on one: it gave no reason\. There is no good one yet$/, /on one/],
        ["one has been due for long", [notes("one", { taken: ago(9000), due: ago(5400) })], "failing",
            /^has been due for 90 min\. The last good one is 2 h old$/, /on one\. As root: systemctl status landfall-snapshot\.timer/],
        ["none is recorded", [node("one")], "risk", /^isn't recorded on any machine$/, /^npm start -- --stack server\. If that changes nothing/],
        ["the records can't be read", [notes("one", { taken: "x", failed: "\u001b[31m", due: "y" })], "risk", /^isn't recorded on any machine$/, /npm start/],
    ])("are not well where %s", (_, nodes, severity, says, action) => {
        expect(told(nodes)).toEqual([{
            rule: "etcd-snapshot", object: "The snapshot of etcd", severity, matter: expect.stringMatching(says), action: expect.stringMatching(action),
        }]);
    });

    it("may be late while the cluster has only just been started again", () => {
        const late = [notes("one", { taken: ago(90_000), due: ago(86_400) })];
        expect(told(late, [...wellStack().pods, manager(600)])).toEqual([]);
        expect(told(late, [...wellStack().pods, manager(6000)])).toHaveLength(1);
    });

    it("are nothing to a stack that takes none", () => {
        expect(told([node("one")], wellStack().pods, false)).toEqual([]);
    });
});
