import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { standingTask } from "../../../../../../components/cluster/baremetal/machine/status";
import { scriptOf } from "../../../../support/operations";
import { type Answers, onMachine } from "../../../../support/standin";

describe.skipIf(process.platform !== "linux")("what a machine says of itself", () => {
    const says = (files: Record<string, string>, answers: Answers = {}) => {
        const on = onMachine({ systemctl: "exit 1", df: "printf 'Avail 1M-blocks\\n 30 200\\n'", ...answers });
        for (const [file, text] of Object.entries(files)) on.write(file, text);
        return on.run(scriptOf("server-status"));
    };
    const own = { "var/lib/landfall/owner": "landfall/server", "var/lib/landfall/incarnation": "id-one", "var/lib/landfall/cluster": "id" };

    test("is nothing where it is nobody's or another stack's", () => {
        expect(says({})).toMatchObject({ status: 0, stdout: "" });
        expect(says({ ...own, "var/lib/landfall/owner": "landfall/other" })).toMatchObject({ status: 0, stdout: "" });
    });

    test("is nothing where it was a member and its kubelet is gone", () => {
        expect(says({ ...own, "var/lib/landfall/member": "id-one" })).toMatchObject({ status: 0, stdout: "" });
    });

    test("is its room, its incarnations and the nodes that the cluster knows, if that answers", () => {
        const kubectl = `[ "$1 $2" != "get nodes" ] || echo "known=one id-one"`;
        expect(says(own, { kubectl }).stdout.trim().split("\n")).toEqual(["free=15", "member=id-one", "incarnation=id", "known=one id-one", "asked=yes"]);
        expect(says(own, { kubectl: "exit 1" })).toMatchObject({ status: 0, stdout: "free=15\nmember=id-one\nincarnation=id\n" });
    });

    test("is that its snapshots fail, and who its administrator is", () => {
        const { stdout } = says({ ...own, "var/lib/landfall/administrator": "3 1 2" }, { systemctl: `[ "$2" = is-failed ] && [ "$3" = landfall-snapshot.service ]` });
        expect(stdout).toMatch(/^snapshots=failed$/m);
        expect(stdout).toMatch(/^administrator=3 1 2$/m);
    });
});

describe.skipIf(process.platform === "win32")("a node", () => {
    let directory: string;
    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-status-"));
    });
    afterEach(() => fs.rmSync(directory, { recursive: true }));

    /** What the task prints where these files are, and where kubectl does so, which by default gets no answer. */
    function printed(files: Record<string, string>, api?: string): string[] {
        for (const [file, content] of Object.entries(files)) {
            fs.mkdirSync(path.join(directory, path.dirname(file)), { recursive: true });
            fs.writeFileSync(path.join(directory, file), content);
        }
        const script = standingTask.script.replace(/\/(etc|var\/lib)\//g, `${directory}/$1/`);
        fs.writeFileSync(path.join(directory, "kubectl"), `#!/bin/sh\n${api ?? "exit 1"}\n`, { mode: 0o755 });
        const env = { ...process.env, PATH: `${directory}:${process.env.PATH}` };
        const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-euo", "pipefail", "-c", script], { encoding: "utf8", env });
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
        return stdout.split("\n").filter(Boolean).sort();
    }

    const member = { "var/lib/landfall/member": "id", "etc/kubernetes/kubelet.conf": "" };
    const flags = (address: string) => ({
        "var/lib/kubelet/kubeadm-flags.env": `KUBELET_KUBEADM_ARGS="--node-ip=${address} --pod-infra-container-image=x"\n`,
    });
    const manager = "spec:\n  containers:\n  - command:\n    - kube-controller-manager\n    - --allocate-node-cidrs=true\n" +
        "    - --cluster-cidr=100.64.0.0/12\n    - --service-cluster-ip-range=172.31.0.0/20\n";
    const admin = { "etc/kubernetes/admin.conf": "clusters:\n- cluster:\n    server: https://api.example.org:8443\n  name: x\n" };

    test("that is none of the cluster says nothing", () => {
        expect(printed({ "etc/kubernetes/kubelet.conf": "", ...flags("192.0.2.1") })).toEqual([]);
    });

    test("that is a worker says its role and its address", () => {
        expect(printed({ ...member, ...flags("192.0.2.21"), "etc/cni/net.d/10-kube-router.conflist": "" }))
            .toEqual(["made.address=192.0.2.21", "made.role=worker"]);
    });

    test.each([
        ["its pods' network", "etc/kubernetes/manifests", { "10-kube-router.conflist": "", "87-podman.conflist": "" }, ["made.network=kube-router"]],
        ["another network", "etc/kubernetes/manifests", { "05-cilium.conflist": "" }, ["made.network=none"]],
        ["no network yet, though a container tool has one", "etc/kubernetes/manifests", { "87-podman-bridge.conflist": "" }, []],
        ["what it was made with while a snapshot is restored", "var/lib/landfall/stopped-manifests", {}, []],
    ])("of the control plane says %s", (_, manifests, networks, network) => {
        const files = Object.fromEntries(Object.entries(networks).map(([name, text]) => [`etc/cni/net.d/${name}`, text]));
        expect(printed({ ...member, ...flags("192.0.2.11"), ...admin, ...files, [`${manifests}/kube-controller-manager.yaml`]: manager }))
            .toEqual(["made.address=192.0.2.11", "made.endpoint=api.example.org:8443", "made.kubernetesVersion=", ...network,
                "made.podSubnet=100.64.0.0/12", "made.role=control-plane", "made.serviceSubnet=172.31.0.0/20"]);
    });

    test("of the control plane says which version its own API runs", () => {
        const answer = `[ "$*" = "get --raw /version --server https://192.0.2.11:6443 --request-timeout 5s" ] || exit 1
            printf '{\\n  "major": "1",\\n  "gitVersion": "v1.35.4",\\n  "goVersion": "go1.25"\\n}'`;
        expect(printed({ ...member, ...flags("192.0.2.11"), "etc/kubernetes/manifests/kube-controller-manager.yaml": manager }, answer))
            .toContain("made.kubernetesVersion=v1.35.4");
    });

    const wordpress = ["/var/lib/landfall-volumes/shop/database-volume_1_2_pv", "/var/lib/landfall-volumes/shop/web-uploads_1_2_pv"];
    const node = (name: string, ready = "True") => `Node|${name}|${ready}|||||`;
    const volume = (path: string, phase = "Bound", host = "", claim = "shop|database-volume") => `PersistentVolume|pv||${phase}|${path}|${host}|${claim}`;
    test.each<[string, string[], string[]]>([
        ["that no other machine would have", [node("one"), ...wordpress.map(path => volume(path))], [`made.volumes=${wordpress.join(" ")}`]],
        ["but none that no claim has, that is no directory or none of its own", [node("one"), volume(wordpress[0], "Released"), volume(""), volume("/srv/a b")], []],
        ["but none where there are several machines already", [node("one"), node("two"), volume(wordpress[0])], []],
        ["whose pods stay with it, of each node", [node("one"), node("two"), volume(wordpress[0], "Bound", "two"), volume("", "Bound", "one", "shop|own")],
            ["made.homes=two=shop/database-volume one=shop/own"]],
        ["but none of a node that is lost, or that is none", [node("one"), node("two", "Unknown"), volume(wordpress[0], "Bound", "two"), volume("", "Bound", "three")], []],
        ["but none that several nodes have, or that no claim has", [node("one"), node("two"), volume("", "Bound", "one two"), volume("", "Released", "one")], []],
    ])("of the control plane says which volumes it has %s", (_, lines, volumes) => {
        const answer = `case "$*" in
            "get --raw /version --server https://192.0.2.11:6443 --request-timeout 5s") echo '"gitVersion": "v1.35.4"' ;;
            "get nodes,persistentvolumes --server https://192.0.2.11:6443 --request-timeout 5s --output jsonpath="*) printf '%s\\n' ${lines.map(line => `'${line}'`).join(" ")} ;;
            *) exit 1 ;;
        esac`;
        const files = { ...member, ...flags("192.0.2.11"), "etc/kubernetes/manifests/kube-controller-manager.yaml": manager };
        const found = (lines: string[]) => lines.filter(line => /^made\.(volumes|homes)/.test(line));
        expect(found(printed(files, answer))).toEqual(volumes);
        expect(found(printed(files))).toEqual([]);
    });
});
