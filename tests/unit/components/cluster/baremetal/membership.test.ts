import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { before, from, scriptOf, stepsOf } from "../../../support/operations";
import { onMachine, type StandIn } from "../../../support/standin";

describe.skipIf(process.platform !== "linux")("a join", () => {
    const minting = { kubeadm: `[ "$1" = token ] && echo abcdef.0123456789abcdef` };
    const keys = ["pki/ca.crt", "pki/ca.key", "pki/sa.pub", "pki/front-proxy-ca.crt", "pki/etcd/ca.crt", "landfall/encryption.json"];
    const withKeys = (): StandIn => keys.reduce((on, file) => on.write(`etc/kubernetes/${file}`, `text of ${file}`), onMachine(minting));

    test("of a control-plane node is handed a token of ten minutes, the authority and the keys", () => {
        const { status, stdout, calls } = withKeys().run(scriptOf("second-mint"));
        const [token, authority, archive] = stdout.split(" ");
        expect([status, token, calls]).toEqual([0, "abcdef.0123456789abcdef", ["kubeadm token create --ttl 10m"]]);
        expect(Buffer.from(authority, "base64").toString()).toBe("text of pki/ca.crt");
        const joining = onMachine();
        const taking = before(from(scriptOf("second-member"), "Take over the control plane's keys"), "Write kubeadm's configuration");
        expect(joining.run(`KEYS=${archive}\n${taking}`).stderr).toBe("");
        expect(keys.map(file => joining.read(`etc/kubernetes/${file}`))).toEqual(keys.map(file => `text of ${file}`));
    });

    test("of a worker is handed no key", () => {
        const { stdout } = withKeys().run(scriptOf("worker-mint"));
        expect(stdout.split(" ")).toEqual(["abcdef.0123456789abcdef", Buffer.from("text of pki/ca.crt").toString("base64")]);
    });

    test("leaves no token behind, whose secret part is on no command line", () => {
        const { status, calls } = onMachine().run(`TOKEN=abcdef.0123456789abcdef\n${scriptOf("second-revoke")}`);
        expect([status, calls]).toEqual([0, ["kubeadm token delete abcdef"]]);
    });

    test("of a worker writes no keys, and trusts the authority that it was handed alone", () => {
        const script = scriptOf("worker-member");
        expect(script).not.toMatch(/KEYS|certificateKey|controlPlane"/);
        expect(script).toContain('"kubeConfigPath": "/run/landfall/discovery.conf"');
        expect(script).toContain('"token": "$TOKEN"');
        expect(script).toMatch(/umask 077; cat > \/run\/landfall\/discovery\.conf/);
        expect(script).toMatch(/trap '[^']*rm -f \/run\/landfall\/discovery\.conf/);
    });
});

describe.skipIf(process.platform !== "linux")("a node that leaves", () => {
    const members = { etcdctl: `[ "$1 $2" != "member list" ] || printf '%s\\n' 'a1, started, one, x, x, false' 'b2, started, two, x, x, false'` };
    const known = { kubectl: `[ "$1 $2" != "get node" ] || echo "node/$3"` };

    test("is drained, then taken out of etcd, then out of the cluster", () => {
        const { status, calls } = onMachine({ ...members, ...known }).run(scriptOf("second-leave"));
        expect(status).toBe(0);
        expect(calls.map(call => call.split(" ").slice(0, 3).join(" "))).toEqual([
            "kubectl get node", "kubectl cordon two", "kubectl drain two", "etcdctl member list", "etcdctl member remove", "kubectl delete node",
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

    test("is reset only by the stack and for the incarnation that made it", () => {
        const script = scriptOf("server-restore");
        const guard = before(script, "Hold no virtual address any more");
        const reached = (files: Record<string, string>) => {
            const on = Object.entries(files).reduce((to, [file, text]) => to.write(`var/lib/landfall/${file}`, text), onMachine());
            return on.run(guard.replace("\n}\nmain", "\nkubeadm reset\n}\nmain")).calls;
        };
        expect(reached({})).toEqual([]);
        expect(reached({ owner: "landfall/other", incarnation: "id-one" })).toEqual([]);
        expect(reached({ owner: "landfall/server", incarnation: "id-later" })).toEqual([]);
        expect(reached({ owner: "landfall/server", incarnation: "id-one" })).toEqual(["kubeadm reset"]);
    });

    test("that is reset gets back its files, its packages and its services as they were", () => {
        const script = scriptOf("server-restore");
        for (const taken of ["/etc/kubernetes", "/var/lib/etcd", "/var/lib/kubelet", "/etc/landfall", "/var/lib/containerd", "/etc/cni"]) {
            expect(script).toMatch(new RegExp(`^rm -rf .*${taken}( |$)`, "m"));
        }
        for (const unit of ["kubelet", "landfall-addresses", "landfall-kubelets"]) {
            expect(script).toMatch(new RegExp(`rm -f /etc/systemd/system/\\{.*${unit}.*\\}\\.service`));
        }
        expect(script).toContain("tar --extract --directory / --file /var/lib/landfall/found/files.tar");
        expect(script).toContain("sysctl --quiet --load /var/lib/landfall/found/sysctl");
        expect(script.trimEnd().split("\n").slice(-3)[0]).toBe("rm -rf /var/lib/landfall /run/landfall-kubectl");
    });
});

describe.skipIf(process.platform !== "linux")("a node that has come", () => {
    test("is known to the cluster by its address and its incarnation", () => {
        const { calls } = onMachine().run(before(scriptOf("worker-settle"), "Make the directories of volumes that were lost"));
        expect(calls).toEqual(expect.arrayContaining([
            "kubectl label node web --overwrite node-restriction.kubernetes.io/landfall-address=198.18.40.21",
            "kubectl annotate node web --overwrite landfall.dev/incarnation=id-web",
        ]));
    });

    test.each([["of one node", ["a"], [], false], ["whose DNS is on one of two", ["a", "b"], ["a", "a"], true], ["whose DNS is on both", ["a", "b"], ["a", "b"], false]])(
        "spreads the DNS of a cluster %s", (_, nodes, pods, isRestarted) => {
            const { status, calls } = onMachine({ kubectl: `case "$*" in
                "get nodes --no-headers") printf '%s\\n' ${nodes.join(" ")} ;;
                "get pods"*) printf '%s\\n' ${pods.join(" ")} ;;
            esac` }).run(before(scriptOf("server-settle"), "List the volumes of one"));
            expect(status).toBe(0);
            expect(calls.includes("kubectl rollout restart deployment coredns --namespace kube-system")).toBe(isRestarted);
        });

    test("makes its lost volumes' directories for their groups, and lets alone what has something in it", () => {
        const group = process.getgid?.() ?? 0;
        const on = onMachine().write("var/lib/landfall-volumes/full/file", "kept");
        const [lost, full] = [`/var/lib/landfall-volumes/shop/data_1_${group}_pv`, "/var/lib/landfall-volumes/full"];
        fs.chmodSync(path.join(on.directory, full), 0o700);
        expect(on.run(scriptOf("worker-settle").replace("'DIRECTORY'", `'${lost}' '${full}'`)).stderr).toBe("");
        const mode = (file: string) => (fs.statSync(path.join(on.directory, file)).mode & 0o777).toString(8);
        expect([mode(lost), mode(path.dirname(lost)), mode(full)]).toEqual(["770", "700", "700"]);
    });

    test("lists the volumes that it has to have", () => {
        const script = before(scriptOf("worker-settle"), "Make the directories of volumes that were lost");
        const on = onMachine();
        const at = (name: string) => `${on.directory}/var/lib/landfall-volumes/${name}`;
        on.answers.kubectl = `case "$*" in "get persistentvolumes"*) printf '%s\\n' '${at("any")}' '${at("own")} web' '${at("other")} one' '/srv/x web' ;; esac`;
        expect(on.run(script).stdout.trim().split("\n")).toEqual([at("any"), at("own")]);
    });

    test("bears pods beside the control plane where nothing else does", () => {
        expect(scriptOf("server-settle")).toContain("kubectl taint node one node-role.kubernetes.io/control-plane:NoSchedule- ");
        expect(stepsOf(scriptOf("worker-settle"))).not.toContain("Say whether pods may run on the control plane");
    });
});
