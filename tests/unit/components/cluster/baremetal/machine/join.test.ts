import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { before, from, scriptOf, stepsOf } from "../../../../support/operations";
import { onMachine, type StandIn } from "../../../../support/standin";

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
        const taking = before(from(scriptOf("second-member"), "Unpack the control plane's keys"), "Write kubeadm's configuration");
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

describe.skipIf(process.platform !== "linux")("a node that has joined", () => {
    test("is known to the cluster by its address and its incarnation", () => {
        const { calls } = onMachine().run(before(scriptOf("worker-settle"), "Create the directories of lost volumes"));
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
        const script = before(scriptOf("worker-settle"), "Create the directories of lost volumes");
        const on = onMachine();
        const at = (name: string) => `${on.directory}/var/lib/landfall-volumes/${name}`;
        on.answers.kubectl = `case "$*" in "get persistentvolumes"*) printf '%s\\n' '${at("any")}' '${at("own")} web' '${at("other")} one' '/srv/x web' ;; esac`;
        expect(on.run(script).stdout.trim().split("\n")).toEqual([at("any"), at("own")]);
    });

    test("bears pods beside the control plane where nothing else does", () => {
        expect(scriptOf("server-settle")).toContain("kubectl taint node one node-role.kubernetes.io/control-plane:NoSchedule- ");
        expect(stepsOf(scriptOf("worker-settle"))).not.toContain("Allow or forbid pods on the control plane");
    });
});
