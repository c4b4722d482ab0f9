import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSettings, SettingsError } from "../../../../../infra/config";

const server = { host: "203.0.113.11" };
const three = { one: { host: "203.0.113.11" }, two: { host: "203.0.113.12" }, three: { host: "203.0.113.13" } };

const snapshots = { repository: "/mnt/backup", password: "correct horse battery" };

/** The problems of the cluster's settings, each as `key problem`. */
function problems(cluster: object, app: object = {}): string[] {
    try {
        parseSettings({ cluster: { target: "baremetal", ...cluster }, environment: { host: "a.example.com", tls: { issuer: "ca" } }, app }, "prod");
    } catch (error) {
        if (error instanceof SettingsError) return error.problems.map(({ key, problem }) => `${key} ${problem}`);
        throw error;
    }
    return [];
}

describe("machines of one's own", () => {
    test("need no more than an address", () => {
        expect(problems({ nodes: { server } })).toEqual([]);
    });

    test("of a whole company may be behind a bastion, of all roles, with keys and addresses of their own", () => {
        const app = { web: { uploads: { storageClass: "nfs" } } };
        expect(problems({
            ssh: { user: "admin", port: 2222, key: "~/.ssh/id", knownHosts: "./known_hosts", bastion: "jump@b.example.com:22" },
            nodes: {
                ...three,
                web: { host: "web.example.com", address: "203.0.113.21", role: "worker", hostKey: `ssh-ed25519 ${"A".repeat(68)}` },
            },
            virtualAddress: "203.0.113.10", bundle: "./bundle", networkManifest: "./network.yaml",
        }, app)).toEqual([]);
    });

    test.each<[string, object, RegExp]>([
        ["annotations of a load balancer that isn't there", {
            nodes: three, virtualAddress: "203.0.113.10", loadBalancerAnnotations: { "example.com/x": "y" },
        }, /loadBalancerAnnotations has no effect: .*nodes/],
        ["a class that nobody serves", { nodes: { server }, loadBalancerClass: "own" }, /loadBalancerClass needs .*addressPool/],
        ["no machine", { nodes: {} }, /nodes has no control-plane nodes/],
        ["two control-plane nodes", { nodes: { one: three.one, two: three.two }, virtualAddress: "203.0.113.10" },
            /nodes has 2 control-plane nodes/],
        ["workers alone", { nodes: { web: { ...server, role: "worker" } } }, /nodes has no control-plane nodes/],
        ["one machine twice", { nodes: { one: server, web: { ...server, role: "worker" } } },
            /nodes names one machine twice: one and web/],
        ["a name without an address", { nodes: { one: { host: "one.example.com" } } },
            /nodes does not say which address one has/],
        ["several and no address for the API", { nodes: three }, /virtualAddress is missing/],
        ["two addresses for the API", { nodes: three, virtualAddress: "203.0.113.10", endpoint: "api.example.com:6443" },
            /are both given/],
        ["a machine's own address for the API", { nodes: three, virtualAddress: "203.0.113.12" }, /is a machine's own address/],
        ["a fingerprint behind a bastion", { ssh: { bastion: "b.example.com" },
            nodes: { server: { ...server, hostKey: `SHA256:${"a".repeat(43)}` } } }, /gives the fingerprint of server/],
        ["patches without a name", { nodes: { server }, patches: " " }, /patches is empty/],
        ["a reboot at no time", { nodes: { server }, reboot: "never" }, /reboot is none of the words|reboot is not valid/],
        ["two pod networks", { nodes: { server }, network: "kube-router", networkManifest: "./n.yaml" },
            /networkManifest is a second pod network/],
        ["pods where the machines are", { nodes: { server }, podSubnet: "203.0.113.0/24" }, /podSubnet holds the address of server/],
        ["a rotation that is no text", { nodes: { server }, rotate: { certificates: "next month" } },
            /rotate\.certificates is not valid/],
        ["a rotation of something else", { nodes: { server }, rotate: { tokens: "2026-11" } }, /rotate\.tokens/],
        ["snapshots without a password", { nodes: { server }, snapshots: { repository: "/mnt/backup" } },
            /snapshots\.password is missing/],
        ["snapshots into a directory that is relative", { nodes: { server }, snapshots: { ...snapshots, repository: "backup" } },
            /snapshots\.repository is not valid/],
        ["a snapshot that is no ID", { nodes: { server }, snapshots: { ...snapshots, restore: "yesterday" } },
            /snapshots\.restore is not valid/],
        ["an environment that is none", { nodes: { server }, snapshots: { ...snapshots, environment: "export A" } },
            /snapshots\.environment is not valid/],
        ["pods where the services are", { nodes: { server }, podSubnet: "10.96.0.0/16" }, /serviceSubnet overlaps/],
    ])("%s is refused", (_, cluster, message) => {
        const found = problems(cluster);
        expect(found).toHaveLength(1);
        expect(found[0]).toMatch(message);
    });

    test("take snapshots into whatever restic can reach, with what it needs for that", () => {
        for (const repository of ["/mnt/backup/etcd", "sftp:user@backup.example.com:/srv/etcd", "s3:https://s3.example.com/etcd"]) {
            const environment = "# for restic\r\nAWS_ACCESS_KEY_ID=a\r\n\r\nAWS_SECRET_ACCESS_KEY=b=c d\r\n";
            expect(problems({ nodes: { server }, snapshots: {
                ...snapshots, repository, environment, schedule: "Mon..Fri *-*-* 0/4:15", restore: "0123abcd", keep: { hourly: 48 },
            } })).toEqual([]);
        }
    });

    test("that are several need a directory in common for what pods on many of them write", () => {
        const several = { nodes: three, virtualAddress: "203.0.113.10" };
        expect(problems(several)).toEqual([expect.stringMatching(/^landfall:cluster\.sharedDirectory is missing/)]);
        expect(problems({ ...several, sharedDirectory: "/srv/landfall" })).toEqual([]);
        const alone = { web: { replicas: { min: 1, max: 1 }, uploads: { accessMode: "ReadWriteOnce" } } };
        expect(problems(several, alone)).toEqual([]);
    });

    test("take any odd number of control-plane nodes and no even one, and any number of workers", () => {
        const sizes = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 30 }));
        fc.assert(fc.property(sizes, ([controlPlanes, workers]) => {
            const nodes = Object.fromEntries([...Array(controlPlanes + workers).keys()].map(index =>
                [`n${index}`, { host: `203.0.113.${index + 1}`, role: index < controlPlanes ? "control-plane" : "worker" }]));
            const found = problems({ nodes, endpoint: "api.example.com:6443", sharedDirectory: "/srv/landfall" });
            expect(found.length).toBe(controlPlanes % 2 === 1 ? 0 : 1);
        }));
    });

    test("have a pod network that enforces policies, unless they bring their own", () => {
        const network = (more: object) => {
            const { cluster } = parseSettings({
                cluster: { target: "baremetal", nodes: { server }, ...more }, environment: { host: "a.example.com", tls: { issuer: "ca" } },
            }, "prod");
            return cluster.target === "baremetal" && cluster.network;
        };
        expect([network({}), network({ networkManifest: "./n.yaml" }), network({ network: "none" })])
            .toEqual(["kube-router", "none", "none"]);
    });
});
