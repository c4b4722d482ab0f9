import * as https from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildBundle } from "../../infra/offline/kit/bundle";
import { versions } from "../../components/versions";
import { forward, Forward } from "./support/forward";
import { Load } from "./support/load";
import { etcdctl, Machine, sharedDirectory } from "./support/machines";
import { Metal, metalHost } from "./support/metal";
import { ask, Editor, Site } from "./support/site";
import { figure } from "./support/stack";
import { sleep, timed, until } from "./support/wait";

/** A patch before the one that Landfall installs: what the cluster begins with, to be upgraded under load. */
const earlier = "v1.36.1";
const virtualAddress = "198.18.48.100";
const gatewayAddress = "198.18.48.101";
const replicas = { min: 2, max: 3 };

/** Three machines for the control plane and workers beside them, on which no single failure is an outage. */
describe("own hardware, highly available", () => {
    let metal: Metal;
    let current: string;
    const at: Record<string, Machine> = {};
    const before: Record<string, Record<string, string>> = {};
    const nodes = new Set<string>();
    let site: Site;
    let gateway: Forward;
    let editor: Editor;
    let post: string;

    const settings = (changes: object = {}) => metal.cluster(
        Object.fromEntries([...nodes].map(name => [name, { ...at[name], role: /^web/.test(name) ? "worker" : "control-plane" }])),
        { virtualAddress, gatewayAddress, sharedDirectory, kubernetesVersion: earlier, ...changes },
    );
    const apply = (changes: object = {}) => metal.up(settings(changes), replicas);
    const controlPlane = () => [...nodes].filter(name => !/^web/.test(name)).map(name => at[name]);
    const kubectl = (...args: string[]) => metal.kubectl(controlPlane()[1], ...args);

    beforeAll(async () => {
        current = (await buildBundle(console.log)).directory;
        metal = new Metal(await buildBundle(console.log, earlier));
        await metal.buildImages();
        const addresses = { one: 11, two: 12, three: 13, four: 14, web: 21, web2: 22 };
        for (const [name, last] of Object.entries(addresses)) {
            at[name] = await metal.machines.add(name, last);
            before[name] = await metal.machines.inventory(at[name]);
        }
    });

    afterAll(async () => {
        gateway?.close();
        await metal?.end();
    });

    it("comes up from bare machines", async () => {
        for (const name of ["one", "two", "three", "web"]) nodes.add(name);
        const begin = Date.now();
        const since = () => `${Math.round((Date.now() - begin) / 1000)} s`;
        const ready = async (count: number, what: string) => {
            await until(what, async () => {
                const conditions = await kubectl("get", "nodes", "--output",
                    "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}");
                return conditions.split(" ").filter(status => status === "True").length >= count;
            }, 600);
            figure(what, since());
        };
        const [{ outputs }] = await Promise.all([
            apply(),
            ready(3, "three control-plane nodes, from bare machines to ready"),
            ready(4, "and a worker and the pod network"),
        ]);
        gateway = await forward(gatewayAddress, 443);
        site = {
            host: metalHost, https: gateway.port, address: `https://${metalHost}`, ca: () => String(outputs.caCertificate),
        };
        await until("the site", async () => (await ask({ path: "/" }, site)).status === 200, 600);
        figure("and to a site that answers", since());
        editor = await Editor.logIn(String(outputs.adminPassword), undefined, site);
        post = (await editor.publish("Before", "It was there before anything failed.")).link;
    });

    it("takes another worker", async () => {
        nodes.add("web2");
        figure("a worker added", `${await timed(apply)} s`);
        // So that each worker has one of the two pods of web and proxies, as the scheduler moves none by itself.
        for (const [namespace, name] of [["production", "web"], ["landfall-gateway", "envoy"]]) {
            await kubectl("rollout", "restart", "deployment", name, "--namespace", namespace);
            await kubectl("rollout", "status", "deployment", name, "--namespace", namespace, "--timeout", "300s");
        }
    });

    it("loses nothing with the node that holds the API's address and leads etcd", async () => {
        const holder = (await holding(controlPlane())) as Machine;
        await lead(holder);
        const load = new Load("requests while a control-plane node died", site, 60);
        const api = watchApi();
        await sleep(3000);
        await metal.machines.kill(holder);
        nodes.delete(holder.name);
        await until("another node to hold the API's address", () => holding(controlPlane()), 300, 0.2);
        await sleep(15_000);
        figure("the API was away", `${(api.end() / 1000).toFixed(1)} s`);
        expect(await load.end()).toEqual([]);
        expect((await ask({ path: new URL(post).pathname }, site)).text).toContain("It was there before anything failed.");
    });

    it("has the dead control-plane node replaced", async () => {
        nodes.add("four");
        figure("a dead control-plane node replaced", `${await timed(apply)} s`);
        expect((await members(controlPlane()[0])).sort()).toEqual(controlPlane().map(({ name }) => name).sort());
        expect(await kubectl("get", "nodes", "--output", "jsonpath={.items[*].metadata.name}")).toBe([...nodes].sort().join(" "));
    });

    it("is upgraded node by node without a request lost", async () => {
        const load = new Load("requests during the upgrade", site, 2400);
        const begin = Math.floor(Date.now() / 1000);
        const upgrade = { kubernetesVersion: versions.kubernetes, bundle: current };
        const seconds = await timed(() => apply(upgrade));
        const failures = await load.end();
        figure(`five nodes upgraded from ${earlier} to ${versions.kubernetes}`, `${seconds} s`);
        figure("meanwhile the gateway's address moved", (await moves(begin)).join("; ") || "never");
        const running = await kubectl("get", "nodes", "--output", "jsonpath={.items[*].status.nodeInfo.kubeletVersion}");
        expect(new Set(running.split(" "))).toEqual(new Set([versions.kubernetes]));
        expect(failures).toEqual([]);
    });

    it("lets a worker go without a request lost", async () => {
        const [home] = (await kubectl("get", "pods", "--namespace", "production", "--selector",
            "app.kubernetes.io/name=database", "--output", "jsonpath={.items[*].spec.nodeName}")).split(" ");
        const leaving = home === "web" ? "web2" : "web";
        const load = new Load("requests while a worker left", site, 120);
        nodes.delete(leaving);
        const upgraded = { kubernetesVersion: versions.kubernetes, bundle: current };
        figure("a worker removed", `${await timed(() => apply(upgraded))} s`);
        expect(await load.end()).toEqual([]);
        expect(await kubectl("get", "nodes", "--output", "jsonpath={.items[*].metadata.name}")).toBe([...nodes].sort().join(" "));
        expect((await ask({ path: new URL(post).pathname }, site)).text).toContain("It was there before anything failed.");
    });

    it("comes back from a snapshot when all data of etcd is destroyed, and the site goes on meanwhile", async () => {
        const upgraded = { kubernetesVersion: versions.kubernetes, bundle: current };
        const snapshots = { repository: `${sharedDirectory}/etcd`, password: "correct horse battery staple", schedule: "yearly" };
        await apply({ ...upgraded, snapshots });
        const noted = async () => (await kubectl("get", "configmaps", "--output", "name")).split("\n");
        // A try may have made it although its answer was lost.
        const noteDown = async (name: string) => await noted().then(names => names.includes(`configmap/${name}`)) || kubectl("create", "configmap", name);
        const onAll = (command: string) =>
            Promise.all(controlPlane().map(machine => metal.machines.exec(machine, "bash", "-c", command)));
        await noteDown("before");
        await onAll("systemctl start landfall-snapshot.service");
        await noteDown("after");

        const load = new Load("requests while etcd was restored", site, 300);
        await onAll("rm -rf /var/lib/etcd/member; crictl stop --timeout 0 $(crictl --timeout 60s ps --quiet --name '^etcd$')");
        const restore = { ...upgraded, snapshots: { ...snapshots, restore: "latest" } };
        const killed = 8 + Math.random() * 25;
        figure(`a restore killed after ${killed.toFixed(1)} s, at`,
            await metal.interrupted(settings(restore), killed, replicas));
        figure("three control-plane nodes restored, all data of etcd destroyed, from there", `${await timed(() => apply(restore))} s`);
        expect(await noted()).toContain("configmap/before");
        expect(await noted()).not.toContain("configmap/after");
        expect(await load.end()).toEqual([]);
        expect((await kubectl("get", "nodes", "--output", "jsonpath={.items[*].metadata.name}")).split(" ").sort()).toEqual([...nodes].sort());
        expect(await members(controlPlane()[0])).toHaveLength(3);
        expect((await ask({ path: new URL(post).pathname }, site)).text).toContain("It was there before anything failed.");
    });

    it("goes, and the machines are as they were found", async () => {
        figure("four machines back to how they were found", `${await timed(() => metal.destroy(settings()))} s`);
        for (const name of nodes) await metal.machines.expectInventory(at[name], before[name]);
    });

    /** When the gateway's address came to a worker, since a time in seconds. */
    async function moves(since: number): Promise<string[]> {
        const workers = [...nodes].filter(name => /^web/.test(name)).map(name => at[name]);
        const journals = await Promise.all(workers.map(machine => metal.machines.exec(machine, "journalctl", "--unit", "keepalived",
            "--since", `@${since}`, "--output", "short-iso", "--no-pager")));
        return journals.flatMap(text => text.split("\n").filter(line => line.includes("(gateway) Entering MASTER STATE")));
    }

    /** The machine that has the API's address. */
    async function holding(machines: Machine[]): Promise<Machine | undefined> {
        const held = await Promise.all(machines.map(machine =>
            metal.machines.exec(machine, "ip", "-o", "-4", "address", "show").then(text => text.includes(`${virtualAddress}/32`))));
        return machines.find((_, index) => held[index]);
    }

    function askEtcd(machine: Machine, args: string): Promise<string> {
        return metal.machines.exec(machine, "bash", "-c", `${etcdctl} ${args}`);
    }

    async function members(machine: Machine): Promise<string[]> {
        return (await askEtcd(machine, "member list")).split("\n").filter(Boolean).map(line => line.split(", ")[2]);
    }

    /** Has a machine's etcd lead the others. */
    async function lead(machine: Machine): Promise<void> {
        const id = (await askEtcd(machine, "member list")).split("\n").find(line => line.includes(`, ${machine.name}, `))?.split(", ")[0];
        const endpoints = controlPlane().map(({ address }) => `https://${address}:2379`).join(",");
        await askEtcd(machine, `--endpoints ${endpoints} move-leader ${id}`).catch((error: Error) => {
            if (!error.message.includes("already")) throw error;
        });
    }

    /** Asks the API's address for its health five times a second; `end` gives the longest gap in milliseconds. */
    function watchApi(): { end: () => number } {
        let [last, longest] = [Date.now(), 0];
        const timer = setInterval(() => {
            const options = { host: virtualAddress, port: 6443, path: "/readyz", rejectUnauthorized: false, timeout: 1000, agent: false as const };
            const asked = https.get(options, response => {
                response.resume();
                if (response.statusCode !== 200) return;
                longest = Math.max(longest, Date.now() - last);
                last = Date.now();
            });
            asked.on("error", () => undefined).on("timeout", () => asked.destroy());
        }, 200);
        return {
            end: () => {
                clearInterval(timer);
                return Math.max(longest, Date.now() - last);
            },
        };
    }
});
