import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildBundle } from "../../infra/offline/kit/bundle";
import { versions } from "../../components/versions";
import { forward, Forward } from "./support/forward";
import { Load } from "./support/load";
import { Machine, sharedDirectory } from "./support/machines";
import { Metal, metalHost } from "./support/metal";
import { ask, Editor, Site } from "./support/site";
import { figure } from "./support/stack";
import { sleep, timed, until } from "./support/wait";

/** The minor version before the one that Landfall installs, with the etcd and the CoreDNS that belong to it. */
const earlier = "v1.35.4";
const gatewayAddress = "198.18.48.101";
const replicas = { min: 2, max: 3 };

/** A machine for the control plane and two workers, of which each is enough for the site. */
describe("own hardware, a minor version behind", () => {
    let metal: Metal;
    let current: string;
    const at: Record<string, Machine> = {};
    let site: Site;
    let gateway: Forward;
    let post: string;
    let dead: Machine;

    const apply = (changes: object = {}) => metal.up(metal.cluster(
        Object.fromEntries(Object.entries(at).map(([name, machine]) =>
            [name, { ...machine, role: name === "one" ? "control-plane" : "worker" }])),
        { gatewayAddress, sharedDirectory, kubernetesVersion: earlier, ...changes },
    ), replicas);
    const kubectl = (...args: string[]) => metal.kubectl(at.one, ...args);

    beforeAll(async () => {
        current = (await buildBundle(console.log)).directory;
        metal = new Metal(await buildBundle(console.log, earlier));
        await metal.buildImages();
        for (const [name, last] of Object.entries({ one: 11, web: 21, web2: 22 })) at[name] = await metal.machines.add(name, last);
    });

    afterAll(async () => {
        gateway?.close();
        await metal?.end();
    });

    it("comes up in that version", async () => {
        const { outputs } = await apply();
        gateway = await forward(gatewayAddress, 443);
        site = {
            host: metalHost, https: gateway.port, address: `https://${metalHost}`, ca: () => String(outputs.caCertificate),
        };
        await until("the site", async () => (await ask({ path: "/" }, site)).status === 200, 600);
        const editor = await Editor.logIn(String(outputs.adminPassword), undefined, site);
        post = (await editor.publish("Before", "It was there before the upgrade.")).link;
        expect(await running()).toEqual(new Set([earlier]));
        await spread();
    });

    it("is upgraded to the next minor version without a request lost", async () => {
        const load = new Load("requests during the upgrade to another minor version", site, 2400);
        const seconds = await timed(() => apply({ kubernetesVersion: versions.kubernetes, bundle: current }));
        const failures = await load.end();
        figure(`three nodes upgraded from ${earlier} to ${versions.kubernetes}`, `${seconds} s`);
        expect(await running()).toEqual(new Set([versions.kubernetes]));
        expect(failures).toEqual([]);
        expect((await ask({ path: new URL(post).pathname }, site)).text).toContain("It was there before the upgrade.");
    });

    it("goes on without the worker that holds the gateway's address", async () => {
        await spread();
        const home = await kubectl("get", "pods", "--namespace", "production", "--selector",
            "app.kubernetes.io/name=database", "--output", "jsonpath={.items[0].spec.nodeName}");
        // The database's volume is on its node's own disk: it is the other one that dies.
        if ((await holder())?.name === home) {
            await metal.machines.exec(at[home], "systemctl", "restart", "keepalived");
            await until("the other worker to hold the gateway's address", async () => (await holder())?.name !== home && !!(await holder()));
        }
        dead = await holder() as Machine;
        const load = new Load("requests while the worker with the gateway's address died", site);
        await sleep(3000);
        const begin = Date.now();
        await metal.machines.kill(dead);
        const seconds = await timed(() => until("the site", async () => (await ask({ path: "/" }, site)).status === 200, 300, 0.2));
        figure("the site answered again after", `${seconds} s`);
        // Kubernetes misses the worker, and has others in place of its pods.
        await until("other pods in place of those", async () => {
            const pods = await kubectl("get", "pods", "--namespace", "production", "--field-selector", `spec.nodeName=${home}`,
                "--selector", "app.kubernetes.io/name=web", "--output", "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}");
            return pods.split(" ").filter(status => status === "True").length >= replicas.min;
        }, 900);
        figure("there were as many pods again after", `${Math.round((Date.now() - begin) / 1000)} s`);
        const failures = await load.end();
        expect(seconds).toBeLessThan(20);
        // What was under way to that worker is lost; what comes later is sent to pods that live.
        const later = new Date(begin + Math.max(5, seconds) * 1000).toISOString().slice(11, 23);
        expect(failures.filter(failure => failure > later)).toEqual([]);
    });

    it("lets the dead worker go without a request lost", async () => {
        delete at[dead.name];
        const load = new Load("requests while the dead worker was taken out", site, 180);
        const upgraded = { kubernetesVersion: versions.kubernetes, bundle: current };
        figure("a dead worker taken out", `${await timed(() => apply(upgraded))} s`);
        expect(await load.end()).toEqual([]);
        expect((await kubectl("get", "nodes", "--output", "jsonpath={.items[*].metadata.name}")).split(" ").sort())
            .toEqual(Object.keys(at).sort());
        expect((await ask({ path: new URL(post).pathname }, site)).text).toContain("It was there before the upgrade.");
    });

    async function running(): Promise<Set<string>> {
        const found = await kubectl("get", "nodes", "--output", "jsonpath={.items[*].status.nodeInfo.kubeletVersion}");
        return new Set(found.split(" "));
    }

    /** Has each worker have one of the two pods of web and proxies, as the scheduler moves none by itself. */
    async function spread(): Promise<void> {
        for (const [namespace, name] of [["production", "web"], ["landfall-gateway", "envoy"]]) {
            await kubectl("rollout", "restart", "deployment", name, "--namespace", namespace);
            await kubectl("rollout", "status", "deployment", name, "--namespace", namespace, "--timeout", "300s");
        }
    }

    /** The worker that has the gateway's address. */
    async function holder(): Promise<Machine | undefined> {
        for (const machine of [at.web, at.web2]) {
            const held = await metal.machines.exec(machine, "ip", "-o", "-4", "address", "show");
            if (held.includes(`${gatewayAddress}/32`)) return machine;
        }
        return undefined;
    }
});
