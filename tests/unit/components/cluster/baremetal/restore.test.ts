import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { before, from, scriptOf } from "../../../support/operations";
import { type Answers, onMachine, type StandIn } from "../../../support/standin";

describe.skipIf(process.platform !== "linux")("snapshots", () => {
    const script = () => before(scriptOf("second-snapshots"), "Take a snapshot").replace("if ! command -v restic >/dev/null; then", "if false; then");
    const elsewhere: Answers = { findmnt: `case "$*" in *landfall*) echo / ;; *) echo /mnt/backup ;; esac`, timeout: `shift; "$@"` };

    test("are of a repository that is made where there is none, and never where it is another's", () => {
        const none = `[ "$4" != init ] || exit 0; [ "$3 $4" != "cat config" ] && exit 0; echo 'repository does not exist' >&2; exit 10`;
        expect(onMachine({ ...elsewhere, restic: none }).run(script())).toMatchObject({ status: 0, calls: expect.arrayContaining(["restic --no-cache --quiet init"]) as string[] });
        const locked = onMachine({ ...elsewhere, restic: "echo 'Fatal: wrong password or no key found' >&2; exit 12" });
        const { status, stderr, calls } = locked.run(script());
        expect([status, stderr]).toEqual([1, expect.stringContaining("landfall:cluster.snapshots.password does not open /mnt/backup/etcd.")]);
        expect(calls.join()).not.toContain("init");
    });

    test("keep their password from others, and begin again only when something has changed", () => {
        const on = onMachine(elsewhere);
        expect(on.run(script()).calls).toEqual(expect.arrayContaining(["systemctl restart landfall-snapshot.timer"]));
        const file = path.join(on.directory, "etc/landfall/snapshots.env");
        expect([(fs.statSync(file).mode & 0o777).toString(8), fs.readFileSync(file, "utf8")]).toEqual(["600", expect.stringContaining("RESTIC_PASSWORD='PASSWORD'")]);
        expect(on.read("etc/systemd/system/landfall-snapshot.timer")).toContain("OnCalendar=hourly\nPersistent=true");
        expect(on.run(script()).calls).toEqual(expect.arrayContaining(["systemctl start landfall-snapshot.timer"]));
    });

    test("are refused a schedule that systemd doesn't know", () => {
        expect(onMachine({ ...elsewhere, "systemd-analyze": "exit 1" }).run(script())).toMatchObject({
            status: 1, stderr: expect.stringContaining("landfall:cluster.snapshots.schedule is no calendar event of systemd's: hourly"),
        });
    });

    test("are taken by etcd's leader, with the keys, and older ones go", () => {
        const on = onMachine({
            ...elsewhere, kubelet: "echo Kubernetes v1.36.4",
            etcdctl: `case "$*" in
                "endpoint status"*) echo '{"member_id":7,"leader":7}' ;;
                "get /registry/configmaps"*) echo key ;;
                "snapshot save"*) touch "$3" ;;
            esac`,
        });
        for (const file of ["pki/ca.crt", "pki/ca.key", "pki/sa.key", "pki/front-proxy-ca.key", "pki/etcd/ca.key", "landfall/encryption.json"]) {
            on.write(`etc/kubernetes/${file}`, "x");
        }
        on.write("var/lib/etcd/member/x", "").write("etc/kubernetes/manifests/etcd.yaml", "");
        expect(on.run(script()).status).toBe(0);
        const take = () => on.run(scriptOf("second-snapshots").split(/^cat > \S+take-snapshot.*\n/m)[1].split("\nLANDFALL_END")[0]);
        const { stdout, stderr, calls } = take();
        expect([stdout.trim(), stderr]).toEqual(["saved", ""]);
        const restic = calls.filter(call => call.startsWith("restic"));
        expect(restic.map(call => call.split(" ")[3])).toEqual(["unlock", "backup", "forget"]);
        expect(restic[2]).toContain("--keep-hourly 24 --keep-daily 7 --keep-weekly 4 --prune");
        expect(on.read("var/lib/landfall/snapshot/etcd.db")).toBeUndefined();
        on.answers.etcdctl = `echo '{"member_id":7,"leader":8}'`;
        expect(take()).toMatchObject({ status: 0, stdout: "", calls: [expect.stringContaining("endpoint status")] });
    });

    test("that have ended leave no schedule and no password behind", () => {
        const on = onMachine(elsewhere);
        on.run(script());
        const { status, calls } = on.run(scriptOf("second-snapshotsEnd"));
        expect([status, calls[0]]).toEqual([0, "systemctl disable --quiet --now landfall-snapshot.timer"]);
        const left = fs.readdirSync(path.join(on.directory, "etc"), { recursive: true, encoding: "utf8" }).filter(file => file.includes("snapshot"));
        expect(left).toEqual([]);
    });
});

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
        ["is of another version", answers("v1.35.1"), /It was taken with Kubernetes v1\.35\.1, and this is v1\.36\.4\. Nothing was changed\..*kubernetesVersion: v1\.35\.1/],
        ["is another cluster's", answers("v1.36.2", "theirs"), /It is another cluster's/],
    ])("is refused where it %s", (_, given, message) => {
        const { status, stderr } = restored(given);
        expect([status, stderr]).toEqual([1, expect.stringMatching(message)]);
    });

    test("is refused where it holds no whole data of etcd", () => {
        const { status, stderr } = restored(answers("v1.36.2"), on => void on.write("bin/broken", ""));
        expect([status, stderr]).toEqual([1, expect.stringContaining("The snapshot ID holds no whole data of etcd")]);
    });

    test("restarts all members from it, and the cluster knows its current nodes", () => {
        const whole = scriptOf("second-recover");
        expect(whole).toContain("--initial-cluster one=https://198.18.40.11:2380,two=https://198.18.40.12:2380,three=https://198.18.40.13:2380");
        expect(whole).toContain("--name two --initial-cluster");
        // What watches would else take what is gone for what is to come.
        expect(whole).toMatch(/--bump-revision "\$bump" --mark-compacted/);
        const { status, calls } = onMachine({ kubectl: `[ "$1 $2" != "get nodes" ] || printf 'node/%s\\n' one old two` })
            .run(from(whole, "Have the cluster know today's nodes, and not the snapshot's"));
        expect(status).toBe(0);
        expect(calls.filter(call => call.startsWith("kubectl delete"))).toEqual(["kubectl delete --wait=false node/old"]);
        expect(calls.filter(call => call.startsWith("kubectl label"))).toHaveLength(3);
    });
});
