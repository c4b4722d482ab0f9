import { describe, expect, test } from "vitest";
import { scriptOf } from "../../../../support/operations";
import { onMachine } from "../../../../support/standin";

describe.skipIf(process.platform !== "linux")("a node that leaves", () => {
    const members = { etcdctl: `[ "$1 $2" != "member list" ] || printf '%s\\n' 'a1, started, one, x, x, false' 'b2, started, two, x, x, false'` };
    const known = { kubectl: `[ "$1 $2" != "get node" ] || echo "node/$3"` };

    test("is drained, then taken out of etcd, then out of the cluster", () => {
        const { status, calls } = onMachine({ ...members, ...known }).run(scriptOf("second-leave"));
        expect(status).toBe(0);
        expect(calls.map(call => call.split(" ").slice(0, 3).join(" "))).toEqual([
            "kubectl get node", "kubectl cordon two", "kubectl get pods", "kubectl drain two", "etcdctl member list", "etcdctl member remove", "kubectl delete node",
        ]);
        expect(calls).toContain("etcdctl member remove b2");
    });

    test("is no member of etcd where it is a worker", () => {
        const { calls } = onMachine({ ...members, ...known }).run(scriptOf("worker-leave"));
        expect(calls.filter(call => call.includes("remove"))).toEqual([]);
        expect(calls.at(-1)).toBe("kubectl delete node web --ignore-not-found --wait=false");
    });

    test("gives its virtual addresses to others first", () => {
        const on = onMachine(known).write("etc/landfall/check-api", "").write("run/landfall/gateway-closed", "");
        const { calls } = on.run(scriptOf("second-leave"));
        expect(calls).toEqual(expect.arrayContaining(["systemctl stop keepalived", "nft delete table ip landfall"]));
        expect(calls.indexOf("systemctl stop keepalived")).toBeLessThan(calls.indexOf("etcdctl member list"));
        expect(on.read("run/landfall/gateway-closed")).toBeUndefined();
    });

    test("has nothing to do where the cluster doesn't know it", () => {
        expect(onMachine().run(scriptOf("second-leave")).calls).toEqual(["kubectl get node two --ignore-not-found --output name"]);
    });

    test("that nobody drained is given up where it is dead and no longer in the settings", () => {
        const line = (id: string, name: string, last: number) => `'${id}, started, ${name}, https://198.18.40.${last}:2380, https://198.18.40.${last}:2379, false'`;
        const list = [line("a", "one", 11), line("b", "two", 12), line("c", "", 12), line("d", "four", 14), line("e", "five", 15)].join(" ");
        const { status, calls } = onMachine({
            etcdctl: `[ "$1 $2" != "member list" ] || printf '%s\\n' ${list}`, curl: `case "$*" in *198.18.40.15*) exit 0 ;; *) exit 7 ;; esac`,
        }).run(scriptOf("second-giveUp"));
        expect(status).toBe(0);
        const done = calls.filter(call => /remove|delete/.test(call));
        // Its own remains are what an interrupted join has left; one that is alive is let alone, whatever the settings say.
        expect(done).toEqual([
            "etcdctl member remove b", "kubectl delete node two --ignore-not-found --wait=false", "etcdctl member remove c",
            "etcdctl member remove d", "kubectl delete node four --ignore-not-found --wait=false",
        ]);
    });
});
