import * as fs from "node:fs";
import * as https from "node:https";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { destroy, EngineOptions, Result, up } from "../../infra/offline/engine";
import { buildBundle } from "../../infra/offline/kit/bundle";
import { podNetworkManifest } from "../../infra/offline/kit/network";
import { run } from "../../infra/offline/kit/run";
import { Machine, Machines, removeMachines } from "./support/machines";
import { figure } from "./support/stack";
import { timed, until } from "./support/wait";

const host = "server.landfall.test";
const podSubnet = "198.19.0.0/17";
const serviceSubnet = "198.19.128.0/20";

/** One server, from a bare machine to a site that answers and back. */
describe("a server of one's own", () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-metal-"));
    const lines: string[] = [];
    let machines: Machines;
    let machine: Machine;
    let bundle: string;
    let before: Record<string, string>;

    beforeAll(async () => {
        const kit = await buildBundle(console.log);
        bundle = kit.directory;
        machines = new Machines(kit.machineImage, directory);
        machine = await machines.add("server", 11);
        before = await machines.inventory(machine);
        fs.writeFileSync(path.join(directory, "network.yaml"), podNetworkManifest(podSubnet));
    });

    afterAll(async () => {
        await removeMachines();
        fs.rmSync(directory, { recursive: true, force: true });
    });

    const clusterOf = (changes: object = {}) => ({
        target: "baremetal",
        name: "server",
        nodes: { server: { host: machine.address, hostKey: machine.hostKey } },
        ssh: { user: "admin", key: machines.key },
        bundle,
        networkManifest: path.join(directory, "network.yaml"),
        podSubnet,
        serviceSubnet,
        // The kernel of this computer's containers has no configuration that kubeadm could read.
        ignorePreflightErrors: ["SystemVerification"],
        ...changes,
    });

    const options = (cluster: object): EngineOptions => ({
        stack: "metal",
        directory: path.join(directory, "state"),
        config: {
            "landfall:cluster": JSON.stringify(cluster),
            "landfall:environment": JSON.stringify({ name: "production", host, volumes: "delete" }),
            // Two processors hold the control plane too.
            "landfall:app": JSON.stringify({
                web: { replicas: { min: 1, max: 2 }, cpu: { request: "100m", limit: "1" } },
                database: { cpu: { request: "100m", limit: "1" } },
            }),
        },
        log: line => {
            lines.push(line);
            console.log(line);
        },
    });

    const apply = (cluster: object): Promise<Result> => up(options(cluster));
    const wrong = async (changes: object): Promise<string> => {
        const state = path.join(directory, "wrong");
        fs.rmSync(state, { recursive: true, force: true });
        return up({ ...options(clusterOf(changes)), directory: state }).then(
            () => "it was accepted", (error: Error) => error.message);
    };

    describe("refuses before anything is changed", () => {
        const nodes = (more: object) => ({ server: { host: machine.address, hostKey: machine.hostKey, ...more } });

        it("a wrong host key", async () => {
            expect(await wrong({ nodes: nodes({ hostKey: `SHA256:${"a".repeat(43)}` }) })).toMatch(
                /server \(198\.18\.48\.11:22\) has another host key.*expected SHA256:a+, found .*Nothing was changed/s);
        });

        it("a wrong key", async () => {
            const key = path.join(directory, "stranger");
            if (!fs.existsSync(key)) await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
            expect(await wrong({ ssh: { user: "admin", key } })).toMatch(/server .* refuses the key for admin/);
        });

        it("a user without sudo", async () => {
            expect(await wrong({ ssh: { user: "visitor", key: machines.key } })).toMatch(
                /visitor can't become root without a password/);
        });

        it("a host that doesn't answer", async () => {
            expect(await wrong({ nodes: { server: { host: "198.18.48.99" } } })).toMatch(/server \(.*198\.18\.48\.99.*/);
        });

        it("a port that is taken, and a machine of another cluster, both at once with all else", async () => {
            const script = "use Socket; socket(S,PF_INET,SOCK_STREAM,6); setsockopt(S,SOL_SOCKET,SO_REUSEADDR,1); " +
                "bind(S,sockaddr_in(6443,INADDR_ANY)) or die; listen(S,1); sleep 600";
            await machines.exec(machine, "systemd-run", "--quiet", "--unit", "squatter", "perl", "-e", script);
            await until("the port to be taken", async () =>
                (await machines.exec(machine, "ss", "-Hltn", "sport = :6443")) !== "");
            expect(await wrong({})).toMatch(/server .*has port 6443 taken by perl.*Nothing|Nothing.*6443 taken by perl/s);
            await machines.exec(machine, "systemctl", "stop", "squatter");
            await machines.exec(machine, "bash", "-c", "touch /etc/kubernetes/kubelet.conf");
            expect(await wrong({})).toMatch(/is in another cluster already, or was: there is \/etc\/kubernetes\/kubelet\.conf/);
            await machines.exec(machine, "rm", "/etc/kubernetes/kubelet.conf");
        });

        it("a bundle that was altered, or is incomplete", async () => {
            const copy = path.join(directory, "bundle");
            await run("cp", ["--recursive", "--reflink=auto", bundle, copy]);
            const kubelet = path.join(copy, "bin", await run("dpkg", ["--print-architecture"]), "kubelet");
            fs.appendFileSync(kubelet, "x");
            expect(await wrong({ bundle: copy })).toMatch(/was altered: bin\/\w+\/kubelet has the SHA-256/);
            fs.rmSync(kubelet);
            expect(await wrong({ bundle: copy })).toMatch(/is incomplete: bin\/\w+\/kubelet is missing/);
            fs.rmSync(copy, { recursive: true });
        });

        it("and leaves the machine as it was", async () => {
            expect(await machines.inventory(machine)).toEqual(before);
        });
    });

    it("comes up, and the site answers at its load balancer's address", async () => {
        let outputs: Record<string, unknown> = {};
        figure("one server, from a bare machine to a site", `${await timed(async () => {
            ({ outputs } = await apply(clusterOf()));
        })} s`);
        expect(outputs.endpoint).toBe(machine.address);
        const status = await until("the site", async () => {
            const answer = await ask(machine.address, String(outputs.caCertificate));
            return answer === 200 && answer;
        }, 180);
        expect(status).toBe(200);
    });

    it("keeps secrets encrypted, an audit log, and nobody anonymous", async () => {
        const sh = (command: string) => machines.exec(machine, "bash", "-c", command);
        const etcd = "crictl exec $(crictl ps --quiet --label io.kubernetes.container.name=etcd) etcdctl " +
            "--cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/server.crt --key /etc/kubernetes/pki/etcd/server.key";
        expect(await sh(`${etcd} get /registry/secrets/production/ --prefix | grep -a -c k8s:enc:secretbox:v1:key1`)).toMatch(/^[1-9]/);
        expect(await sh(`${etcd} get /registry/secrets/ --prefix | grep -a -c 'k8s:enc' `)).toMatch(/^[1-9]/);
        expect(await sh("grep -c '\"resource\":\"deployments\"' /var/log/kubernetes/audit.log")).toMatch(/^[1-9]/);
        const code = (url: string) => sh(`curl --silent --insecure --output /dev/null --write-out '%{http_code}' ${url}`);
        expect(await code("https://127.0.0.1:6443/livez")).toBe("200");
        expect(await code("https://127.0.0.1:6443/version")).toBe("401");
        expect(await code("https://127.0.0.1:10250/pods")).toBe("401");
        expect(await sh("ls /run/landfall/*.conf 2>/dev/null | wc -l")).toBe("0");
    });

    it("changes nothing the second time", async () => {
        const { changes } = await apply(clusterOf());
        expect({ ...changes, same: 0 }).toEqual({ create: 0, update: 0, replace: 0, delete: 0, same: 0 });
    });

    it("says nothing secret, neither in its log nor in its state in plain", () => {
        const state = fs.readFileSync(path.join(directory, "state", "metal.json"), "utf8");
        expect(lines.join("\n")).not.toMatch(/PRIVATE KEY|client-key-data/);
        expect(state).not.toMatch(/"TOKEN"|[a-z0-9]{6}\.[a-z0-9]{16}"/);
    });

    it("goes, and the machine is as it was found", async () => {
        figure("back to the bare machine", `${await timed(() => destroy(options(clusterOf())))} s`);
        expect(await machines.inventory(machine)).toEqual(before);
    });

    /** By HTTPS at the balancer's address, with a certificate for the host by the stack's own authority. */
    function ask(address: string, ca: string): Promise<number> {
        const options = { host: address, servername: host, ca, headers: { Host: host }, timeout: 20_000 };
        return new Promise((resolve, reject) => {
            const asked = https.get(options, response => {
                response.resume();
                resolve(response.statusCode ?? 0);
            });
            asked.on("error", reject).on("timeout", () => asked.destroy(new Error("no answer within 20 s")));
        });
    }
});
