import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeArguments } from "../../components/project";
import { buildBundle } from "../../infra/offline/kit/bundle";
import { debian } from "../../infra/offline/kit/components";
import { run } from "../../infra/offline/kit/run";
import { forward, Forward } from "./support/forward";
import { etcdctl, Machine } from "./support/machines";
import { Metal, metalHost } from "./support/metal";
import { root } from "./support/names";
import { comesBackFromSnapshots } from "./support/recovery";
import { rotatesItsSecrets } from "./support/rotation";
import { ask, Site } from "./support/site";
import { figure } from "./support/stack";
import { timed, until } from "./support/wait";

/** One server, from a bare machine to a site that answers and back. */
describe("a server of one's own", () => {
    let metal: Metal;
    let machine: Machine;
    let gateway: Forward;
    let before: Record<string, string>;
    let site: Site;
    const answers = () => until("the site", async () => (await ask({ path: "/" }, site)).status === 200, 600).then(() => undefined);

    beforeAll(async () => {
        metal = new Metal(await buildBundle(console.log));
        machine = await metal.machines.add("server", 11);
        before = await metal.machines.inventory(machine);
        gateway = await forward(machine.address, 443);
    });

    afterAll(async () => {
        gateway?.close();
        await metal?.end();
    });

    const clusterOf = (changes: object = {}) => metal.cluster({ server: machine }, changes);
    const wrong = (changes: object): Promise<string> => metal.refusal(clusterOf(changes));
    /** What the machine is given for one refusal is taken back, whatever comes of it: the rest needs the machine as it was. */
    async function meanwhile(given: string, taken: string, work: () => Promise<void>): Promise<void> {
        const sh = (command: string) => metal.machines.exec(machine, "bash", "-c", command);
        try {
            await sh(given);
            await work();
        } finally {
            await sh(taken);
        }
    }

    describe("refuses before anything is changed", () => {
        const nodes = (more: object) => ({ server: { host: machine.address, hostKey: machine.hostKey, ...more } });

        it("a wrong host key", async () => {
            expect(await wrong({ nodes: nodes({ hostKey: `SHA256:${"a".repeat(43)}` }) })).toMatch(
                /server \(198\.18\.48\.11:22\) has another host key.*expected SHA256:a+, found .*Nothing was changed/s);
        });

        it("a wrong key", async () => {
            const key = path.join(metal.directory, "stranger");
            if (!fs.existsSync(key)) await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
            expect(await wrong({ ssh: { user: "admin", key } })).toMatch(/server .* refuses the key for admin/);
        });

        it("a user without sudo", async () => {
            expect(await wrong({ ssh: { user: "visitor", key: metal.machines.key } })).toMatch(
                /visitor can't become root without a password/);
        });

        it("a host that doesn't answer", async () => {
            expect(await metal.refusal(clusterOf({ nodes: { server: { host: "198.18.48.99" } } }), { silent: true }))
                .toMatch(/server \(.*198\.18\.48\.99.*/);
        });

        it("a port that is taken, and a machine of another cluster, both at once with all else", async () => {
            const script = "use Socket; socket(S,PF_INET,SOCK_STREAM,6); setsockopt(S,SOL_SOCKET,SO_REUSEADDR,1); " +
                "bind(S,sockaddr_in(6443,INADDR_ANY)) or die; listen(S,1); sleep 3600";
            await meanwhile(`systemd-run --quiet --unit squatter perl -e '${script}'`, "systemctl stop squatter", async () => {
                await until("the port to be taken", async () =>
                    (await metal.machines.exec(machine, "ss", "-Hltn", "sport = :6443")) !== "");
                expect(await wrong({})).toMatch(/server .*has port 6443 taken by perl.*Nothing|Nothing.*6443 taken by perl/s);
            });
            await meanwhile("touch /etc/kubernetes/kubelet.conf", "rm /etc/kubernetes/kubelet.conf", async () =>
                expect(await wrong({})).toMatch(/is in another cluster already, or was: there is \/etc\/kubernetes\/kubelet\.conf/));
        });

        it("a disk that is too small", async () => {
            await meanwhile("mount -t tmpfs -o size=1G tmpfs /var/lib", "umount /var/lib", async () =>
                expect(await wrong({})).toMatch(/server \(198\.18\.48\.11\) has \d+ MB of disk free under \/var\/lib; 10000 are needed/));
        });

        it("one machine under two names", async () => {
            const worker = { host: machine.address, hostKey: machine.hostKey, role: "worker" };
            expect(await wrong({ nodes: { server: nodes({}).server, other: worker } })).toMatch(
                /landfall:cluster\.nodes names one machine twice: (server and other|other and server)/);
        });

        it("a firewall that keeps pods out, name servers that are none to pods, and swap that would come back", async () => {
            const sh = (command: string) => metal.machines.exec(machine, "bash", "-c", command);
            await sh("mv /etc/kubernetes/kubelet.conf.d/10-container.conf /run; cp /etc/resolv.conf /run; " +
                "echo nameserver 127.0.0.1 > /etc/resolv.conf; " +
                "install -D /bin/true /usr/local/lib/systemd/system-generators/zram-generator; echo '[zram0]' > /etc/systemd/zram-generator.conf");
            for (const rule of ["-i lo", "-p tcp --dport 22", "-p tcp --sport 22"]) {
                await metal.machines.iptables(machine, "--append", "INPUT", ...rule.split(" "), "--jump", "ACCEPT");
            }
            await metal.machines.iptables(machine, "--policy", "INPUT", "DROP");
            const said = await wrong({});
            await metal.machines.iptables(machine, "--policy", "INPUT", "ACCEPT");
            await metal.machines.iptables(machine, "--flush", "INPUT");
            await sh("mv /run/10-container.conf /etc/kubernetes/kubelet.conf.d/; cat /run/resolv.conf > /etc/resolv.conf; " +
                "rm -r /usr/local/lib/systemd /etc/systemd/zram-generator.conf");
            expect(said).toMatch(/server .* keeps pods from its ports 6443 and 10250.*Have them accept what comes from 198\.19\.0\.0\/17/s);
            expect(said).not.toMatch(/keeps pods from each other/);
            expect(said).toMatch(/has the name server 127\.0\.0\.1 in \/etc\/resolv\.conf/);
            expect(said).toMatch(/would swap again after its next boot.*zram-generator\.conf/);
        });

        it("a firewall that rejects what another node sends", async () => {
            const other = await metal.machines.add("other", 12);
            await metal.machines.iptables(other, ..."--append INPUT -p tcp -s 198.18.48.11 --jump REJECT --reject-with tcp-reset".split(" "));
            const said = await metal.refusal(metal.cluster(
                { server: machine, other: { ...other, role: "worker" } }, { sharedDirectory: "/srv" }))
                .finally(() => metal.machines.kill(other));
            expect(said).toMatch(/server .* is refused by 198\.18\.48\.12:10250, although a program listens there/);
            expect(said).not.toMatch(/other .* is refused by/);
        });

        it("a bundle that was altered, or is incomplete", async () => {
            const copy = path.join(metal.directory, "bundle");
            await run("cp", ["--recursive", "--reflink=auto", metal.bundle.directory, copy]);
            const kubelet = path.join(copy, "bin", await run("dpkg", ["--print-architecture"]), "kubelet");
            fs.appendFileSync(kubelet, "x");
            expect(await wrong({ bundle: copy })).toMatch(/was altered: bin\/\w+\/kubelet has the SHA-256/);
            fs.rmSync(kubelet);
            expect(await wrong({ bundle: copy })).toMatch(/is incomplete: bin\/\w+\/kubelet is missing/);
            fs.rmSync(copy, { recursive: true });
        });

        it("and leaves the machine as it was", async () => {
            await metal.machines.expectInventory(machine, before);
        });
    });

    const waits = /server \(198\.18\.48\.11\): waits for flock \(process \d+\) to unlock the package system/;

    it("waits for a program that has the packages locked, says which, and goes on after it", async () => {
        const unlock = await metal.machines.lockPackages(machine);
        const packages = async () => (await metal.machines.inventory(machine)).packages;
        let locked: Promise<string> | undefined;
        await metal.interrupted(clusterOf(), 1000, undefined, said => {
            if (waits.test(said)) locked ??= packages().finally(unlock);
            return /command:local:Command cluster-server-machine created/.test(said);
        }).finally(unlock);
        expect(await locked).toBe(before.packages);
        expect(await packages()).toContain("containerd");
    });

    it("comes through an interruption at a random point", async () => {
        const seconds = 10 + Math.random() * 35;
        figure(`killed after ${seconds.toFixed(1)} s, at`, await metal.interrupted(clusterOf(), seconds));
    });

    it("comes up, and the site answers at its load balancer's address", async () => {
        let outputs: Record<string, unknown> = {};
        figure("one server, from there to a site", `${await timed(async () => {
            ({ outputs } = await metal.up(clusterOf()));
        })} s`);
        expect(outputs.endpoint).toBe(machine.address);
        site = {
            host: metalHost, https: gateway.port, address: `https://${metalHost}`, ca: () => String(outputs.caCertificate),
        };
        await answers();
    });

    it("removes the images of an environment that is gone, and no other name of the same image", async () => {
        const ctr = (...args: string[]) => metal.machines.exec(machine, "ctr", "--namespace", "k8s.io", "images", ...args);
        const images = async () => (await ctr("list", "--quiet")).split("\n");
        const script = (name: string, more: Record<string, string>): Promise<string> => {
            const file = path.join(root, `components/cluster/baremetal/operator/${name}.ts`);
            const { name: node, address, hostKey } = machine;
            const facts = { NODES: JSON.stringify([{ name: node, host: address, address, port: 22, user: "admin", hostKey }]), SSH: JSON.stringify({ key: metal.machines.key }) };
            return run(process.execPath, [...nodeArguments(file), file], { env: { ...facts, ...more } });
        };
        const before = await images();
        const web = before.find(name => name.startsWith("landfall.local/web:"))!;
        const own = "landfall.local/gone_web";
        await run("docker", ["tag", debian.image, `${own}:1`]);
        await script("load-image", { IMAGE: `${own}:1` }).finally(() => run("docker", ["rmi", `${own}:1`]));
        await ctr("tag", web, `${own}:2`);
        expect((await images()).filter(name => !before.includes(name))).toEqual(expect.arrayContaining([`${own}:1`, `${own}:2`]));
        await script("unload-images", { REPOSITORY: own });
        expect(await images()).toEqual(before);
        expect(await metal.machines.exec(machine, "crictl", "images")).toMatch(/landfall\.local\/web /);
    });

    it("keeps secrets encrypted, an audit log, and nobody anonymous", async () => {
        const sh = (command: string) => metal.machines.exec(machine, "bash", "-c", command);
        expect(await sh(`${etcdctl} get /registry/secrets/production/ --prefix | grep -a -c k8s:enc:secretbox:v1:key1`)).toMatch(/^[1-9]/);
        expect(await sh(`${etcdctl} get /registry/secrets/ --prefix | grep -a -c 'k8s:enc' `)).toMatch(/^[1-9]/);
        expect(await sh("grep -c '\"resource\":\"deployments\"' /var/log/kubernetes/audit.log")).toMatch(/^[1-9]/);
        const code = (url: string) =>
            sh(`curl --silent ${url.includes("--cacert") ? "" : "--insecure"} --output /dev/null --write-out '%{http_code}' ${url}`);
        expect(await code("https://127.0.0.1:6443/livez")).toBe("200");
        expect(await code("https://127.0.0.1:6443/version")).toBe("401");
        expect(await code("https://127.0.0.1:10250/pods")).toBe("401");
        expect(await code(`--cacert /etc/kubernetes/pki/ca.crt https://${machine.address}:10250/pods`)).toBe("401");
        expect(await metal.kubectl(machine, "logs", "--namespace", "kube-system", "--selector", "component=etcd", "--tail", "1")).not.toBe("");
        expect(await until("the node's metrics", () => metal.kubectl(machine, "top", "nodes", "--no-headers"), 600)).toMatch(/^server /);
        expect(await sh("ls /run/landfall/*.conf 2>/dev/null | wc -l")).toBe("0");
    });

    it("changes nothing the second time", async () => {
        // After a kill, a run may take up what the state had lost; the next puts the provider back that was told to.
        const { changes: back } = await metal.up(clusterOf());
        expect({ ...back, same: 0, update: 0 }).toEqual({ create: 0, update: 0, replace: 0, delete: 0, same: 0 });
        expect(back.update).toBeLessThanOrEqual(1);
        if (back.update === 0) return;
        const { changes } = await metal.up(clusterOf());
        expect({ ...changes, same: 0 }).toEqual({ create: 0, update: 0, replace: 0, delete: 0, same: 0 });
    });

    it("keeps something for itself, and its packages and volumes from others", async () => {
        const sh = (command: string) => metal.machines.exec(machine, "bash", "-c", command);
        const memory = async (what: string) => Number((await metal.kubectl(machine, "get", "node", "server", "--output",
            `jsonpath={.status.${what}.memory}`)).replace("Ki", "")) / 1024;
        const [all, forPods] = [await memory("capacity"), await memory("allocatable")];
        expect(all - forPods).toBeGreaterThan(all < 4096 ? all / 4 : 1024);
        expect((await sh("apt-mark showhold")).split("\n").sort()).toEqual(["containerd", "keepalived", "runc"]);
        const volumes = "/var/lib/landfall-volumes";
        expect(await sh(`stat --format %a ${volumes} ${volumes}/production`)).toBe("700\n700");
        expect((await sh(`stat --format '%a %g' ${volumes}/production/*`)).split("\n").sort()).toEqual(["770 10001", "770 10002"]);
        // With its last volume goes a namespace's directory, and nothing else.
        const kubectl = (...args: string[]) => metal.kubectl(machine, ...args);
        const claim = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "data", namespace: "gone" },
            spec: { accessModes: ["ReadWriteOnce"], storageClassName: "landfall-local", resources: { requests: { storage: "1Mi" } } } };
        await kubectl("create", "namespace", "gone");
        await sh(`echo '${JSON.stringify(claim)}' | kubectl --kubeconfig /etc/kubernetes/admin.conf apply --filename -`);
        await until("the volume", async () => (await sh(`ls ${volumes}/gone`)).startsWith("data_"));
        await kubectl("delete", "namespace", "gone");
        await until("its directory to be gone", async () => !(await sh(`ls ${volumes}`)).split("\n").includes("gone"));
        expect((await sh(`ls ${volumes}/production`)).split("\n")).toHaveLength(2);
    });

    it("has another kubeconfig signed before the administrator's ends, and changes nothing else", async () => {
        const sh = (command: string) => metal.machines.exec(machine, "bash", "-c", command);
        const day = 24 * 3600;
        const now = Math.floor(Date.now() / 1000);
        await sh(`echo 1 ${now - 335 * day} ${now + 30 * day} > /var/lib/landfall/administrator`);
        const begun = metal.lines.length;
        const { changes } = await metal.up(clusterOf());
        // The kubeconfig, and what has it: the provider, and the Command that puts the Gateway's listeners in order, which finds them so.
        expect({ ...changes, same: 0 }).toEqual({ create: 0, update: 3, replace: 0, delete: 0, same: 0 });
        expect(metal.lines.slice(begun).join("\n")).toMatch(/The administrator's kubeconfig ends in (29|30) days/);
        const [generation, signed, ends] = (await sh("cat /var/lib/landfall/administrator")).split(" ").map(Number);
        expect([generation, Math.round((ends - signed) / day)]).toEqual([2, 365]);
    });

    it("refuses another network and another address of its API, and is left as it is", async () => {
        const standing = async () => ({
            machine: await metal.machines.exec(machine, "bash", "-c",
                "dpkg-query --show; find /etc /opt /usr/local /var/lib/landfall -xdev -type f -exec sha256sum {} + | sort"),
            resources: metal.resources(),
        });
        const before = await standing();
        const refused = (changes: object) =>
            metal.up(clusterOf(changes)).then(() => "it was accepted", (error: Error) => error.message);
        const network = await refused({
            podSubnet: "198.19.0.0/18", serviceSubnet: "198.19.144.0/20", network: "kube-router", networkManifest: undefined,
            virtualAddress: "198.18.48.77",
        });
        for (const [key, stands, given] of [
            ["podSubnet", "198.19.0.0/17", "198.19.0.0/18"], ["serviceSubnet", "198.19.128.0/20", "198.19.144.0/20"],
            ["network", "none", "kube-router"], ["virtualAddress", machine.address, "198.18.48.77"],
        ]) {
            expect(network).toContain(
                `landfall:cluster.${key} can't be changed in place\n    exists: ${stands}\n    given:  ${given}\n    way: `);
        }
        expect(await refused({ endpoint: "198.18.48.11:7443" })).toContain("exists: 198.18.48.11:6443\n    given:  198.18.48.11:7443\n");
        expect(await standing()).toEqual(before);
    });

    it("says nothing secret, neither in its log nor in its state in plain", () => {
        expect(metal.lines.join("\n")).not.toMatch(/PRIVATE KEY|client-key-data/);
        expect(metal.state()).not.toMatch(/"TOKEN"|[a-z0-9]{6}\.[a-z0-9]{16}"/);
    });

    const settings: object[] = [];
    const server = () => ({
        machines: metal.machines,
        machine,
        apply: (changes: object) => {
            settings.push(changes);
            return metal.up(clusterOf(Object.assign({}, ...settings) as object));
        },
        logged: () => metal.lines.join("\n"),
        said: () => metal.lines.join("\n") + metal.state(),
        answers,
        reinstall: () => metal.machines.reinstall(machine),
        interrupt: (changes: object, seconds: number) =>
            metal.interrupted(clusterOf(Object.assign({}, ...settings, changes) as object), seconds),
    });
    rotatesItsSecrets(server);
    comesBackFromSnapshots(server);

    it("goes, and the machine is as it was found, with what people have installed since", async () => {
        const sh = (command: string) => metal.machines.exec(machine, "bash", "-c", command);
        const control = "Package: own-thing\\nVersion: 1\\nArchitecture: all\\nMaintainer: A <a@example.com>\\nDescription: ours\\n";
        await sh(`mkdir -p /run/own/DEBIAN && printf '${control}' > /run/own/DEBIAN/control && dpkg-deb --build /run/own /run/own.deb && ` +
            "dpkg --install /run/own.deb && rm -r /run/own /run/own.deb");
        const unlock = await metal.machines.lockPackages(machine);
        const begun = metal.lines.length;
        const gone = timed(() => metal.destroy(clusterOf()));
        const waiting = until("it to wait for the packages", async () => metal.lines.slice(begun).some(line => waits.test(line)), 900);
        await Promise.race([gone, waiting]).finally(unlock);
        await waiting;
        figure("back to the bare machine", `${await gone} s`);
        expect((await metal.machines.inventory(machine)).packages).toContain("own-thing");
        await sh("dpkg --purge own-thing");
        await metal.machines.expectInventory(machine, before);
    });
});
