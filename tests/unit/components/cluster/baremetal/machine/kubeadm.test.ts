import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { before, from, scriptOf } from "../../../../support/operations";
import { onMachine } from "../../../../support/standin";

/** The documents of kubeadm's configuration in a script. */
function configuration(script: string): Record<string, Record<string, unknown>> {
    const [, text] = /kubeadm\.yaml\.landfall <<'LANDFALL_END'\n([\s\S]*?)\nLANDFALL_END/.exec(script) ?? [];
    const documents = text.split("\n---\n").map(part => JSON.parse(part) as Record<string, unknown>);
    return Object.fromEntries(documents.map(document => [String(document.kind), document]));
}

describe("a cluster begins", () => {
    test.each([
        ["first-member", "landfall-prod", "198.18.40.100", [], [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }]],
        ["server-member", "landfall-server", "198.18.40.11", ["SystemVerification"], []],
    ])("with its address, its networks and its version: %s", (script, clusterName, address, ignorePreflightErrors, taints) => {
        const { InitConfiguration, ClusterConfiguration } = configuration(scriptOf(script));
        expect(ClusterConfiguration).toMatchObject({
            clusterName, kubernetesVersion: "v1.36.4", controlPlaneEndpoint: `${address}:6443`, apiServer: { certSANs: [address] },
            networking: { podSubnet: "198.19.0.0/17", serviceSubnet: "198.19.128.0/20" },
        });
        expect(InitConfiguration).toMatchObject({
            nodeRegistration: { name: "one", ignorePreflightErrors, taints, kubeletExtraArgs: [{ name: "node-ip", value: "198.18.40.11" }] },
            localAPIEndpoint: { advertiseAddress: "198.18.40.11", bindPort: 6443 }, bootstrapTokens: [{ ttl: "1m0s" }],
        });
    });

    test.skipIf(process.platform !== "linux")("once", () => {
        const machine = onMachine();
        expect(machine.run(scriptOf("server-member"))).toMatchObject({ status: 0, stderr: "" });
        expect(machine.read("var/lib/landfall/member")).toBe("id-one\n");
        expect(machine.run(scriptOf("server-member")).calls).toEqual([]);
    });

    test.skipIf(process.platform !== "linux")("again where it was interrupted or failed, with the end of its output", () => {
        const machine = onMachine({ kubeadm: `[ "$1" != init ] || { echo 'port 6443 is in use' >&2; exit 1; }` }).write("etc/kubernetes/kubelet.conf", "");
        const { status, stderr, calls } = machine.run(scriptOf("server-member"));
        expect([status, stderr]).toEqual([1, "port 6443 is in use\nlandfall: failed: Create the cluster (kubeadm init)\n"]);
        expect(calls.map(call => call.split(" ").slice(0, 2).join(" "))).toEqual(["kubeadm reset", "kubeadm init"]);
        expect([machine.read("var/lib/landfall/member"), machine.read("etc/kubernetes/kubelet.conf")]).toEqual([undefined, undefined]);
    });

    test.skipIf(process.platform !== "linux")("with a key for its secrets of its own, which stays", () => {
        const script = before(from(scriptOf("server-member"), "Create the key that encrypts Secrets at rest"), "Write kubeadm's configuration");
        const make = () => {
            const machine = onMachine().write("etc/kubernetes/landfall/audit-policy.json", "");
            const key = () => (machine.run(script), machine.read("etc/kubernetes/landfall/encryption.json") ?? "");
            const file = path.join(machine.directory, "etc/kubernetes/landfall/encryption.json");
            return { keys: [key(), key()], mode: (fs.statSync(file).mode & 0o777).toString(8) };
        };
        const [{ keys: [first, again], mode }, { keys: [other] }] = [make(), make()];
        expect([again === first, other === first, mode]).toEqual([true, false, "600"]);
        const { resources: [{ resources, providers: [{ secretbox }] }] } = JSON.parse(first) as {
            resources: { resources: string[]; providers: { secretbox: { keys: { secret: string }[] } }[] }[];
        };
        expect([resources, Buffer.from(secretbox.keys[0].secret, "base64").length]).toEqual([["secrets"], 32]);
    });

    test.skipIf(process.platform !== "linux")("from a snapshot without the nodes that it knew", () => {
        const machine = onMachine({ kubectl: `[ "$1 $2" != "get nodes" ] || printf 'node/%s\\n' one gone` }).write("var/lib/landfall/recovery/etcd.db", "");
        const { status, calls } = machine.run(from(scriptOf("server-member"), "Delete the snapshot's other nodes"));
        expect(status).toBe(0);
        expect(calls.filter(call => /delete|uncordon/.test(call))).toEqual(["kubectl delete --wait=false node/gone", "kubectl uncordon one"]);
        expect(machine.read("var/lib/landfall/recovery/etcd.db")).toBeUndefined();
    });
});

describe("a cluster is hardened", () => {
    const { ClusterConfiguration, KubeletConfiguration } = configuration(scriptOf("first-member"));
    const flags = (part: unknown) => Object.fromEntries((part as { extraArgs: { name: string; value: string }[] }).extraArgs
        .map(({ name, value }) => [name, value]));

    test("its API server keeps an audit log, encrypts secrets at rest and knows whom it serves", () => {
        expect(flags(ClusterConfiguration.apiServer)).toMatchObject({
            "audit-log-path": "/var/log/kubernetes/audit.log",
            "audit-log-maxage": "30",
            "audit-policy-file": "/etc/kubernetes/landfall/audit-policy.json",
            "authentication-config": "/etc/kubernetes/landfall/authentication.json",
            "encryption-provider-config": "/etc/kubernetes/landfall/encryption.json",
            "kubelet-certificate-authority": "/etc/kubernetes/pki/ca.crt",
            "profiling": "false",
            "tls-min-version": "VersionTLS12",
        });
        for (const part of ["controllerManager", "scheduler"]) {
            expect(flags(ClusterConfiguration[part]).profiling).toBe("false");
        }
    });

    test("nobody is anonymous, but those who ask for its health", () => {
        const script = scriptOf("second-member");
        const [, text] = /authentication\.json\.landfall <<'LANDFALL_END'\n([\s\S]*?)\nLANDFALL_END/.exec(script) ?? [];
        expect(JSON.parse(text)).toMatchObject({
            anonymous: { enabled: true, conditions: [{ path: "/livez" }, { path: "/readyz" }, { path: "/healthz" }] },
        });
    });

    test("its kubelets know whom they serve, renew their certificates and confine what they run", () => {
        expect(KubeletConfiguration).toMatchObject({
            authentication: { anonymous: { enabled: false }, webhook: { enabled: true } },
            authorization: { mode: "Webhook" },
            protectKernelDefaults: true, readOnlyPort: 0, rotateCertificates: true, seccompDefault: true,
            serverTLSBootstrap: true, tlsMinVersion: "VersionTLS12",
        });
    });
});
