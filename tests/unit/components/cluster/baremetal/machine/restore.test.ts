import { describe, expect, test } from "vitest";
import { before, from, scriptOf } from "../../../../support/operations";
import { type Answers, onMachine, type StandIn } from "../../../../support/standin";

describe.skipIf(process.platform !== "linux")("a snapshot that is gone back to", () => {
    const script = () => before(scriptOf("second-recover"), "Stop the control plane").replace("if ! command -v restic >/dev/null; then", "if false; then");
    const answers = (version: string, authority = "ours"): Answers => ({
        restic: `while [ "$1" != --target ]; do shift; done
            mkdir -p $2/var/lib/landfall/snapshot/pki; cd $2/var/lib/landfall/snapshot
            echo ${version} > version; printf ${authority} > pki/ca.crt; touch etcd.db`,
        kubeadm: "echo registry.k8s.io/etcd:3.6", kubelet: "echo Kubernetes v1.36.4",
        ctr: `case "$*" in
            *"images list"*) echo image ;;
            *"images mount"*) mkdir -p "\${@: -1}/usr/local/bin"; printf '#!/bin/sh\\n[ ! -e %s/broken ]' "$(dirname $0)" > "\${@: -1}/usr/local/bin/etcdutl"; chmod +x "\${@: -1}/usr/local/bin/etcdutl" ;;
            *"images unmount"*) rm -r "\${@: -1}/usr" ;;
        esac`,
    });
    /** The restored snapshot is where restic puts it, below the directory that stands for the machine. */
    const restored = (given: Answers, edit: (on: StandIn) => void = () => undefined) => {
        const on = onMachine(given).write("etc/kubernetes/pki/ca.crt", "ours");
        edit(on);
        return on.run(script().replace(/(recovery\.new)\/var\/lib\/landfall\/snapshot/, "$1/va[r]/lib/landfall/snapshot"));
    };

    test("is this cluster's, whole and of its version, before anything is stopped", () => {
        expect(restored(answers("v1.36.2"))).toMatchObject({ status: 0, stderr: "" });
    });

    test.each<[string, Answers, RegExp]>([
        ["can't be read", { ...answers("v1.36.2"), restic: "echo no such id >&2; exit 1" }, /The snapshot ID can't be read\. Nothing was changed\. restic says: no such id/],
        ["is of another version", answers("v1.35.1"), /The snapshot was taken with Kubernetes v1\.35\.1, but the settings say v1\.36\.4\. Nothing was changed\..*kubernetesVersion: v1\.35\.1/],
        ["is another cluster's", answers("v1.36.2", "theirs"), /The snapshot is of another cluster/],
    ])("is refused where it %s", (_, given, message) => {
        const { status, stderr } = restored(given);
        expect([status, stderr]).toEqual([1, expect.stringMatching(message)]);
    });

    test("is refused where it holds no whole data of etcd", () => {
        const { status, stderr } = restored(answers("v1.36.2"), on => void on.write("bin/broken", ""));
        expect([status, stderr]).toEqual([1, expect.stringContaining("The snapshot ID is damaged: see etcdutl's error above.")]);
    });

    test("restarts all members from it, and the cluster knows its current nodes", () => {
        const whole = scriptOf("second-recover");
        expect(whole).toContain("--initial-cluster one=https://198.18.40.11:2380,two=https://198.18.40.12:2380,three=https://198.18.40.13:2380");
        expect(whole).toContain("--name two --initial-cluster");
        // What watches would else take what is gone for what is to come.
        expect(whole).toMatch(/--bump-revision "\$bump" --mark-compacted/);
        const { status, calls } = onMachine({ kubectl: `[ "$1 $2" != "get nodes" ] || printf 'node/%s\\n' one old two` })
            .run(from(whole, "Replace the snapshot's nodes with the current ones"));
        expect(status).toBe(0);
        expect(calls.filter(call => call.startsWith("kubectl delete"))).toEqual(["kubectl delete --wait=false node/old"]);
        expect(calls.filter(call => call.startsWith("kubectl label"))).toHaveLength(3);
        // When the next snapshot was due was before the restore. `npm run status` would call it late.
        expect(calls).toContain("kubectl annotate nodes --all --request-timeout 10s landfall.dev/snapshot-due-");
    });
});
