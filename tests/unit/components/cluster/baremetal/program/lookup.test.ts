import "tsx/cjs"; // createCluster loads the target by `require`
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createCluster } from "../../../../../../components/cluster";
import { parseSettings } from "../../../../../../infra/config";
import { captureProgram } from "../../../../../../infra/cli/capture";
import { compareWith } from "../../../../../../infra/standing";
import { fakeSsh } from "../../../../support/machines";

let directory: string;
beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-standing-"));
});
afterEach(() => {
    vi.unstubAllEnvs();
    fs.rmSync(directory, { recursive: true });
});

describe.skipIf(process.platform === "win32")("a cluster of one's own machines that stands", () => {
    interface Made { [name: string]: string }
    const addresses: Record<string, string> = { one: "198.18.40.11", two: "198.18.40.12", three: "198.18.40.13", four: "198.18.40.14", five: "198.18.40.15" };
    const cluster: Made = { podSubnet: "100.64.0.0/12", serviceSubnet: "172.31.0.0/20", network: "kube-router", role: "control-plane" };

    /** Makes the cluster where machines answer so; returns why not, and what was registered before. */
    async function change(made: Record<string, Made>, settings: object) {
        fakeSsh(directory, Object.fromEntries(Object.entries(made).map(([name, values]) => {
            const lines = Object.entries({ ...values, address: addresses[name] }).map(([key, value]) => `made.${key}=${value}`);
            return [name, `printf '%s\\n' ${[`member=id-of-${name}`, "incarnation=cluster", "asked=yes", ...lines].map(line => `'${line}'`).join(" ")}`];
        })));
        vi.stubEnv("LANDFALL_RENDER", undefined);
        vi.stubEnv("PATH", `${directory}:${process.env.PATH}`);
        const parsed = parseSettings({ cluster: { target: "baremetal", ...settings }, environment: { host: "www.example.org", tls: { issuer: "ca" } } }, "prod");
        const registered: string[] = [];
        const message = await captureProgram({
            stack: "prod",
            config: {},
            program: async () => {
                createCluster(parsed.cluster, { comparisons: { cluster: compareWith(parsed).cluster } });
                registered.push("all");
            },
        }).then(() => undefined, (error: Error) => error.message);
        return { message, registered };
    }

    const one = { one: { host: "198.18.40.11" } };
    const three = { ...one, two: { host: "198.18.40.12" }, three: { host: "198.18.40.13" } };
    const same = { podSubnet: "100.64.0.0/12", serviceSubnet: "172.31.0.0/20" };
    const alone = { one: { ...cluster, endpoint: "198.18.40.11:6443" } };
    const balanced = { one: { ...cluster, endpoint: "api.example.org:8443" } };
    const virtual = { one: { ...cluster, endpoint: "198.18.40.100:6443" } };
    const local = { one: { ...virtual.one, volumes: "/srv/own /var/lib/landfall-volumes/shop/database-volume_1_2_pv /var/lib/landfall-volumes/shop/web-uploads" } };

    // What the API says of all of them: four nodes, two of which have volumes of their own.
    const homes = { one: { ...virtual.one, homes: "two=shop/database-volume four=shop/web-uploads four=shop/own" }, two: virtual.one };
    const workers = { four: { host: "198.18.40.14", role: "worker" }, five: { host: "198.18.40.15", role: "worker" } };

    test.each<[string, Record<string, Made>, object]>([
        ["what it is", alone, { nodes: one, ...same }],
        ["reached by another way", alone, { nodes: { one: { host: "gate.example.org", address: "198.18.40.11", port: 2222 } }, ...same, endpoint: "198.18.40.11:6443" }],
        ["behind a load balancer that takes over its virtual address", virtual, { nodes: one, ...same, endpoint: "198.18.40.100:6443" }],
        ["larger", alone, { nodes: { ...one, more: { host: "198.18.40.21", role: "worker" } }, ...same, sharedDirectory: "/srv/shared" }],
        ["larger, where all machines have the directory of its volumes", local, { nodes: three, ...same, virtualAddress: "198.18.40.100", sharedDirectory: "/var/lib/landfall-volumes" }],
        ["larger, where only what isn't Landfall's is on its disk", { one: { ...virtual.one, volumes: "/srv/own" } }, { nodes: three, ...same, virtualAddress: "198.18.40.100", sharedDirectory: "/srv/shared" }],
        ["smaller by a machine that has no volumes", { ...homes, three: virtual.one }, { nodes: { ...three, four: workers.four }, ...same, virtualAddress: "198.18.40.100", sharedDirectory: "/srv" }],
        ["what it is, with volumes on its disk", local, { nodes: one, ...same, virtualAddress: "198.18.40.100" }],
        ["of the next minor version of Kubernetes", { one: { ...alone.one, kubernetesVersion: "v1.35.9" } }, { nodes: one, ...same, kubernetesVersion: "v1.36.0" }],
        ["of another version, where its API doesn't say which it has", alone, { nodes: one, ...same, kubernetesVersion: "v1.34.0" }],
        ["of the version that an upgrade which was interrupted was to bring", {
            one: { ...virtual.one, kubernetesVersion: "v1.36.1" }, two: { ...virtual.one, kubernetesVersion: "v1.35.10" },
            three: { ...virtual.one, kubernetesVersion: "v1.35.9" },
        }, { nodes: three, ...same, virtualAddress: "198.18.40.100", sharedDirectory: "/srv", kubernetesVersion: "v1.36.1" }],
        ["what it never had a chance to be", { one: { role: "control-plane", podSubnet: same.podSubnet, serviceSubnet: same.serviceSubnet, endpoint: "198.18.40.11:6443" } }, { nodes: one, ...same, network: "none" }],
    ])("may become %s", async (_, made, settings) => {
        expect(await change(made, settings)).toEqual({ message: undefined, registered: ["all"] });
    });

    test.each<[string, Record<string, Made>, object, RegExp]>([
        ["pods' addresses", alone, { nodes: one, ...same, podSubnet: "10.0.0.0/9" }, /cluster\.podSubnet .*\n.*100\.64\.0\.0\/12\n.*10\.0\.0\.0\/9\n/],
        ["pods' addresses, the default", alone, { nodes: one, serviceSubnet: same.serviceSubnet }, /cluster\.podSubnet .*\n.*100\.64\.0\.0\/12\n.*10\.244\.0\.0\/16\n/],
        ["services' addresses", alone, { nodes: one, ...same, serviceSubnet: "172.31.0.0/21" }, /cluster\.serviceSubnet .*\n.*\/20\n.*\/21\n/],
        ["a pod network of one's own", alone, { nodes: one, ...same, networkManifest: "./n.yaml" }, /cluster\.network .*\n.*kube-router\n.*none/],
        ["kube-router", { one: { ...alone.one, network: "none" } }, { nodes: one, ...same }, /cluster\.network .*\n.*none\n.*kube-router/],
        ["another port of the load balancer", balanced, { nodes: one, ...same, endpoint: "api.example.org:6443" }, /cluster\.endpoint .*\n.*:8443\n.*:6443\n/],
        ["no load balancer any more", balanced, { nodes: one, ...same }, /cluster\.endpoint .*\n.*api\.example\.org:8443\n.*198\.18\.40\.11:6443 \(which follows/],
        ["a virtual address that comes later", alone, { nodes: one, ...same, virtualAddress: "198.18.40.100" }, /cluster\.virtualAddress .*\n.*exists: 198\.18\.40\.11\n.*198\.18\.40\.100\n/],
        ["another virtual address", virtual, { nodes: one, ...same, virtualAddress: "198.18.40.101" }, /cluster\.virtualAddress .*\n.*\.100\n.*\.101\n/],
        ["no virtual address any more", virtual, { nodes: one, ...same }, /cluster\.endpoint .*\n.*198\.18\.40\.100:6443\n/],
        ["another name of the only machine", alone, { nodes: { one: { host: "server.example.org", address: "198.18.40.11" } }, ...same }, /cluster\.endpoint .*\n.*198\.18\.40\.11:6443\n.*server\.example\.org:6443/],
        ["another address of a node", alone, { nodes: { one: { host: "198.18.40.11", address: "198.18.41.11" } }, ...same }, /cluster\.nodes\.one\.address .*\n.*40\.11\n.*41\.11/],
        ["more control-plane nodes, whose pods would find its volumes empty", local, { nodes: three, ...same, virtualAddress: "198.18.40.100", sharedDirectory: "/srv/shared" },
            /cluster\.nodes can't be .*\n.*one machine, whose disk has the volumes of shop\/database-volume and of shop\/web-uploads\n.*several, each with .*\n.*way: .*back the data up/],
        ["that a machine leaves with the volumes on its disk", { ...homes, three: virtual.one }, { nodes: { ...three, five: workers.five }, ...same, virtualAddress: "198.18.40.100", sharedDirectory: "/srv" },
            /cluster\.nodes can't be .*\n.*exists: four among them, with the volumes of shop\/web-uploads and of shop\/own\n.*given: +not four\n.*way: .*back the data up/],
        ["an older version of Kubernetes", { one: { ...alone.one, kubernetesVersion: "v1.36.10" } }, { nodes: one, ...same, kubernetesVersion: "v1.36.9" },
            /cluster\.kubernetesVersion .*\n.*v1\.36\.10\n.*v1\.36\.9\n.*snapshot/],
        ["a version of Kubernetes that leaves one out", { one: { ...alone.one, kubernetesVersion: "v1.34.3" } }, { nodes: one, ...same, kubernetesVersion: "v1.36.0" },
            /cluster\.kubernetesVersion .*\n.*v1\.34\.3\n.*v1\.36\.0\n.*take v1\.35 first/],
        ["an older version than that of its newest node", {
            one: { ...virtual.one, kubernetesVersion: "v1.35.9" }, two: { ...virtual.one, kubernetesVersion: "v1.36.1" },
            three: { ...virtual.one, kubernetesVersion: "v1.35.9" },
        }, { nodes: three, ...same, virtualAddress: "198.18.40.100", sharedDirectory: "/srv", kubernetesVersion: "v1.35.9" },
            /cluster\.kubernetesVersion .*\n.*v1\.36\.1\n.*v1\.35\.9\n/],
        ["a worker of the control plane", { ...virtual, two: { role: "control-plane" } },
            { nodes: { ...one, two: { host: "198.18.40.12", role: "worker" } }, ...same, virtualAddress: "198.18.40.100", sharedDirectory: "/srv" },
            /cluster\.nodes\.two\.role .*\n.*control-plane\n.*worker/],
    ])("is refused %s, before anything is registered", async (_, made, settings, expected) => {
        const { message, registered } = await change(made, settings);
        expect(message).toMatch(expected);
        expect(message).toMatch(/way: /);
        expect(registered).toEqual([]);
    });

    test("is refused all of it at once", async () => {
        const { message } = await change(alone, { nodes: one, podSubnet: "10.0.0.0/16", serviceSubnet: "10.1.0.0/16", network: "none", virtualAddress: "198.18.40.9" });
        expect(message?.match(/landfall:cluster\.\w+ can't/g)).toHaveLength(4);
    });
});
