import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { imagesDate, imageTags } from "../../../components/versions";
import { buildArgs } from "../../../components/workload/image";
import { Bundle } from "../../../infra/offline/kit/bundle";
import { podNetworkManifest } from "../../../infra/offline/kit/network";
import { run } from "../../../infra/offline/kit/run";
import { EngineStack, Result, Settings } from "./engine";
import { Machine, Machines, removeMachines } from "./machines";
import { root } from "./names";
import { patiently } from "./patience";

export const metalHost = "server.landfall.test";
const podSubnet = "198.19.0.0/17";
const serviceSubnet = "198.19.128.0/20";

const images = {
    "landfall-metal-e2e-web": "infra/images/web", "landfall-metal-e2e-database": "components/workload/images/database",
};

const kernelSettings = ["vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic",
    "kernel/panic_on_oops", "fs/inotify/max_user_instances", "fs/inotify/max_user_watches"].map(name => `/proc/sys/${name}`);

/** A stack of the target baremetal on stand-ins for machines, in a temporary directory. */
export class Metal {
    readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-metal-"));
    readonly machines: Machines;
    /** What the engine has said. */
    readonly lines: string[] = [];
    private readonly stack = new EngineStack("metal", "baremetal", line => this.say(line));
    private readonly wrong = new EngineStack("metal-wrong", "baremetal", line => this.say(line));
    /** What was built for this stack alone. */
    private readonly images = new Set<string>();
    /** The machines' kernel is this computer's, and several of them change it at once. */
    private readonly kernel = kernelSettings.map(file => [file, fs.readFileSync(file, "utf8")]);

    constructor(readonly bundle: Bundle) {
        this.machines = new Machines(bundle.machineImage, this.directory);
        fs.writeFileSync(path.join(this.directory, "network.yaml"), podNetworkManifest(podSubnet));
    }

    /** The stack's `landfall:cluster` with these machines; `changes` has the last word. */
    cluster(nodes: Record<string, Machine & { role?: string }>, changes: object = {}): object {
        return {
            target: "baremetal",
            name: "server",
            nodes: Object.fromEntries(Object.entries(nodes).map(([name, { address, hostKey, role }]) =>
                [name, { host: address, hostKey, ...(role && { role }) }])),
            ssh: { user: "admin" },
            bundle: this.bundle.directory,
            networkManifest: path.join(this.directory, "network.yaml"),
            podSubnet,
            serviceSubnet,
            // The kernel of this computer's containers has no configuration that kubeadm could read.
            ignorePreflightErrors: ["SystemVerification"],
            ...changes,
        };
    }

    /** The stack's settings; the machines' key, where no file is named, and the password of its snapshots are secrets. */
    private settings(cluster: object, replicas = { min: 1, max: 2 }): Settings {
        const { snapshots: { password, ...snapshots } = {}, ...rest } = cluster as {
            ssh: { key?: string }; snapshots?: { password?: string };
        };
        return {
            config: {
                "landfall:cluster": { ...rest, ...(password && { snapshots }) },
                "landfall:environment": { name: "production", host: metalHost, volumes: "delete" },
                // Two processors hold all machines, the control plane's too.
                "landfall:app": {
                    web: { replicas, cpu: { request: "100m", limit: "1" } },
                    database: { cpu: { request: "100m", limit: "1" } },
                },
            },
            secrets: {
                ...(rest.ssh.key === undefined && { "landfall:cluster.ssh.privateKey": fs.readFileSync(this.machines.key, "utf8") }),
                ...(password && { "landfall:cluster.snapshots.password": password }),
            },
        };
    }

    /** Builds the application's images, so that a later `up` has only the machines' work to do. */
    async buildImages(): Promise<void> {
        for (const [tag, context] of Object.entries(images)) {
            const args = Object.entries(buildArgs(imagesDate, imageTags.base)).flatMap(pair => ["--build-arg", pair.join("=")]);
            await run("docker", ["build", "--quiet", "--tag", tag, ...args, context], { cwd: root, env: { DOCKER_BUILDKIT: "0" } });
            this.images.add(tag);
        }
    }

    async up(cluster: object, replicas?: { min: number; max: number }): Promise<Result> {
        const result = await this.stack.up(this.settings(cluster, replicas));
        // Beside another stack of the suite they are that one's.
        if (this.images.size > 0) for (const image of result.outputs.images as string[]) this.images.add(image);
        return result;
    }

    destroy(cluster: object): Promise<void> {
        return this.stack.destroy(this.settings(cluster));
    }

    /** Begins what `up` does and kills it; returns what it was at. */
    interrupted(
        cluster: object, seconds: number, replicas?: { min: number; max: number }, hears?: (said: string) => boolean,
    ): Promise<string> {
        return this.stack.interrupted(this.settings(cluster, replicas), seconds, hears);
    }

    /**
     * Why the settings are refused; they are given to a stack of their own. They are given again where a machine was too
     * busy to be asked, unless it is one that is `silent`.
     */
    async refusal(cluster: object, { silent = false } = {}): Promise<string> {
        for (let tries = 1; ; tries++) {
            const said = await this.wrong.up(this.settings(cluster)).then(() => "it was accepted", (error: Error) => error.message);
            if (silent || tries === 3 || !/does not answer: no connection|hangs up: sshd there is too busy/.test(said)) return said;
        }
    }

    /** What is kept of the stack. */
    state(): string {
        return this.stack.state();
    }

    /** Which resources it keeps, under which IDs and since when; each run orders and encrypts them again. */
    resources(): string[] {
        const { checkpoint: { latest } } = JSON.parse(this.state()) as {
            checkpoint: { latest: { resources: { urn: string; id?: string; custom: boolean; modified?: string }[] } };
        };
        return latest.resources.filter(({ custom }) => custom).map(({ urn, id, modified }) => `${urn} ${id} ${modified}`).sort();
    }

    /** kubectl with an administrator's rights, on a node of the control plane, for what may be done several times. */
    kubectl(machine: Machine, ...args: string[]): Promise<string> {
        return patiently(() => this.machines.exec(machine, "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", ...args));
    }

    private say(line: string): void {
        this.lines.push(line);
        // Beside the lines of the suite's own stack.
        process.stdout.write(`${line.replace(/\n$/, "").replace(/^/gm, "    machines: ")}\n`);
    }

    async end(): Promise<void> {
        for (const stack of [this.stack, this.wrong]) stack.end();
        await removeMachines();
        if (this.images.size > 0) await run("docker", ["rmi", "--force", ...this.images]);
        for (const [file, value] of this.kernel) fs.writeFileSync(file, value);
        fs.rmSync(this.directory, { recursive: true, force: true });
    }
}
