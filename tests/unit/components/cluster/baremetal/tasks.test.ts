import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import type { ClusterFacts, NodeFacts } from "../../../../../components/cluster/baremetal/facts";
import { Deed, listFor, scriptFor } from "../../../../../components/cluster/baremetal/plan.mjs";
import { packageRepositories, versions } from "../../../../../components/versions";

type Node = NodeFacts & { incarnation: string };

const node = (name: string, last: number, role: Node["role"] = "control-plane"): Node => ({
    name, role, host: `198.18.40.${last}`, address: `198.18.40.${last}`, port: 22, user: "root", incarnation: `id-${name}`,
});
const [one, two, three, worker] = [node("one", 11), node("two", 12), node("three", 13), node("web", 21, "worker")];
const names = (...nodes: Node[]) => nodes.map(({ name, address }) => ({ name, address }));

const server: ClusterFacts = {
    name: "landfall-server", owner: "landfall/server", incarnation: "id", version: "v1.36.4", bundle: "./bundle",
    volumesDirectory: "/var/lib/landfall-volumes",
    endpoint: "198.18.40.11:6443", controlPlanes: names(one), gatewayNodes: names(one), serviceAddress: "198.18.40.11", network: "none", podSubnet: "198.19.0.0/17",
    serviceSubnet: "198.19.128.0/20", tainted: false, ignorePreflightErrors: ["SystemVerification"], size: 1,
    renewBefore: 60, rotate: {},
    patches: "2026-11", reboot: "needed",
    runtime: versions.containerd,
    repositories: packageRepositories,
};
const available: ClusterFacts = {
    ...server, name: "landfall-prod", owner: "landfall/prod", bundle: undefined, endpoint: "198.18.40.100:6443",
    virtualAddress: "198.18.40.100", controlPlanes: names(one, two, three), gatewayAddress: "198.18.40.101",
    gatewayNodes: names(one, two, three, worker), serviceAddress: "198.18.40.101", network: "kube-router", tainted: true,
    ignorePreflightErrors: [], size: 4, reboot: "always",
};

/** Each variant that a machine may meet: which cluster, which node, and what is done to it. */
const variants: [string, ClusterFacts, Node, boolean, Deed[]][] = [
    ["server", server, one, true, [
        "status", "probe", "quiet", "install", "member", "settle", "upgrade", "around", "patch", "reboot", "aroundPatch",
        "certificates", "encryptionKey", "kubeconfig", "restore",
    ]],
    ["pool", { ...server, serviceAddress: undefined }, one, true, ["install"]],
    ["available-first", available, one, true, ["install", "member", "upgrade", "certificates"]],
    ["available-second", available, two, false, ["probe", "install", "giveUp", "mint", "member", "revoke", "snapshots", "snapshotsEnd", "recover", "leave"]],
    ["available-worker", available, worker, false, [
        "install", "mint", "member", "settle", "upgrade", "patch", "reboot", "leave",
    ]],
];
const scripts = variants.flatMap(([variant, cluster, of, first, deeds]) =>
    deeds.map(deed => [`${variant}-${deed}`, scriptFor(cluster, of, first, deed)] as const));

describe("what a machine is told", () => {
    test.each(scripts)("%s is, word by word, what was reviewed", async (name, script) => {
        await expect(script).toMatchFileSnapshot(`golden/${name}.sh`);
    });

    test.skipIf(process.platform === "win32").each(scripts)("%s is valid bash", (_, script) => {
        const { status, stderr } = spawnSync("bash", ["-n"], { input: script, encoding: "utf8" });
        expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    });

    test("no reviewed script is left behind", () => {
        const golden = fs.readdirSync(path.join(__dirname, "golden")).filter(file => file.endsWith(".sh"));
        expect(golden.sort()).toEqual(scripts.map(([name]) => `${name}.sh`).sort());
    });

    test("can be read as a list, machine by machine", async () => {
        await expect(listFor(available, [one, two, three, worker])).toMatchFileSnapshot("golden/available.txt");
        await expect(listFor(server, [one])).toMatchFileSnapshot("golden/server.txt");
    });

    test("has no secret in it: what is minted is the shell's to fill in", () => {
        for (const [, script] of scripts) {
            expect(script).not.toMatch(/[a-z0-9]{6}\.[a-z0-9]{16}|-----BEGIN|LS0tLS1CRUdJTi/);
        }
    });

    test("changes nothing where it only asks", () => {
        const asking = scripts.filter(([name]) => /-(status|probe)$/.test(name)).map(([, script]) => script).join("\n");
        expect(asking).not.toMatch(/\b(rm|mv|install|apt-get|dpkg|systemctl (start|stop|restart|enable)|sysctl --load|tee)\b/);
    });
});

/** The documents of kubeadm's configuration in a script. */
function configuration(script: string): Record<string, Record<string, unknown>> {
    const [, text] = /kubeadm\.yaml\.landfall <<'LANDFALL_END'\n([\s\S]*?)\nLANDFALL_END/.exec(script) ?? [];
    const documents = text.split("\n---\n").map(part => JSON.parse(part) as Record<string, unknown>);
    return Object.fromEntries(documents.map(document => [String(document.kind), document]));
}

describe("a cluster is hardened", () => {
    const { ClusterConfiguration, KubeletConfiguration } = configuration(scriptFor(available, one, true, "member"));
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
        const script = scriptFor(available, two, false, "member");
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
