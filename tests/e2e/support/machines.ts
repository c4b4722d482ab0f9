import { randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { run } from "../../../infra/offline/kit/run";
import { until } from "./wait";

/** Everything that stands in for machines has a name that begins so; nothing else on this computer does. */
const prefix = "landfall-metal-e2e-";
const network = `${prefix}network`;
const volume = `${prefix}shared`;
const subnet = "198.18.48";

/** Where all machines see the same directory, as they do with a mounted NFS export. */
export const sharedDirectory = "/srv/shared";

/** etcdctl as a shell on a machine of the control plane runs it. */
export const etcdctl = "crictl exec $(crictl --timeout 60s ps --quiet --label io.kubernetes.container.name=etcd) etcdctl " +
    "--dial-timeout 30s --command-timeout 120s " +
    "--cacert /etc/kubernetes/pki/etcd/ca.crt --cert /etc/kubernetes/pki/etcd/server.crt " +
    "--key /etc/kubernetes/pki/etcd/server.key";

/** A container that stands in for a machine with Debian and sshd. */
export interface Machine {
    name: string;
    address: string;
    container: string;
    /** SHA-256 of its host key, as ssh-keygen shows it. */
    hostKey: string;
}

/** What login shells print before all else, as people have it: none of it is an answer. */
const bashrc = `echo "Welcome to $(hostname), 3 updates can be applied"
printf '*** maintenance on Sunday ***'
printf '*** maintenance on Sunday ***' >&2
export LC_ALL=xx_YY.UTF-8
`;

/**
 * Machines on a network of their own, whose root and whose users `admin` (sudo) and `visitor` (none) have one key, and
 * login shells that talk.
 */
export class Machines {
    readonly key: string;
    private readonly all: Machine[] = [];

    constructor(private readonly image: string, directory: string) {
        this.key = path.join(directory, "id");
    }

    /** Starts one; `last` is the last number of its address. */
    async add(name: string, last: number): Promise<Machine> {
        await this.prepare();
        const machine = { name, address: `${subnet}.${last}`, container: `${prefix}${name}`, hostKey: "" };
        await run("docker", [
            "run", "--detach", "--name", machine.container, "--hostname", name, "--privileged", "--cgroupns=private",
            // A container has the hardware's identity otherwise, which is the same for all.
            "--env", `container_uuid=${randomUUID()}`,
            "--network", network, "--ip", machine.address, "--tmpfs", "/run", "--tmpfs", "/tmp", "--volume", "/var",
            "--volume", `${volume}:${sharedDirectory}`,
            this.image,
        ]);
        await until(`sshd on ${name}`, async () => {
            await this.exec(machine, "systemctl", "is-active", "ssh");
            return true;
        });
        await until(`the start of ${name} to end`, async () => (await this.exec(machine, "systemctl", "list-jobs", "--no-legend")) === "");
        const authorize = "for user in root admin visitor; do home=$(getent passwd $user | cut -d: -f6); " +
            "install -d -m 700 -o $user $home/.ssh; echo \"$0\" > $home/.ssh/authorized_keys; { echo \"$1\"; cat $home/.bashrc; } > /tmp/bashrc; cp /tmp/bashrc $home/.bashrc; done";
        await this.exec(machine, "bash", "-c", authorize, fs.readFileSync(`${this.key}.pub`, "utf8").trim(), bashrc);
        const shown = await this.exec(machine, "ssh-keygen", "-lf", "/etc/ssh/ssh_host_ed25519_key.pub");
        machine.hostKey = shown.split(" ")[1];
        this.all.push(machine);
        return machine;
    }

    /** Takes a machine away with its disks, and starts another, bare one in its place. */
    async reinstall(machine: Machine): Promise<void> {
        await run("docker", ["rm", "--force", "--volumes", machine.container]);
        this.all.splice(this.all.indexOf(machine), 1);
        Object.assign(machine, await this.add(machine.name, Number(machine.address.split(".")[3])));
    }

    /** Runs a command on a machine, as its root. */
    exec({ container }: Machine, ...command: string[]): Promise<string> {
        // What a kubectl keeps is no business of the machine's.
        return run("docker", ["exec", "--env", "KUBECACHEDIR=/run/kubectl", container, ...command]);
    }

    /** Runs iptables on a machine that need not have it; the rules go with the machine. */
    async iptables({ container }: Machine, ...args: string[]): Promise<void> {
        const process = await run("docker", ["inspect", "--format", "{{.State.Pid}}", container]);
        await run("nsenter", ["--target", process, "--net", "iptables", ...args]);
    }

    /** Has another program lock the packages, as machines do that update themselves; the result unlocks them. */
    async lockPackages(machine: Machine): Promise<() => Promise<void>> {
        const unit = "updates";
        await this.exec(machine, "systemd-run", "--quiet", "--unit", unit, "flock", "--fcntl", "/var/lib/dpkg/lock-frontend", "sleep", "3600");
        await until("the packages to be locked", async () => (await this.exec(machine, "lslocks")).includes("/var/lib/dpkg/lock-frontend"));
        return async () => void await this.exec(machine, "bash", "-c", `! systemctl is-active --quiet ${unit} || systemctl stop ${unit}`);
    }

    /** Takes the power away. */
    async kill({ container }: Machine): Promise<void> {
        await run("docker", ["kill", container]);
    }

    /** What there is on a machine that a cluster would change: packages, files, processes, interfaces. */
    async inventory(machine: Machine): Promise<Record<string, string>> {
        const sh = (command: string) => this.exec(machine, "bash", "-c", command);
        return {
            packages: await sh("dpkg-query --show --showformat '${Package}\\n' | sort"),
            files: await sh("find /etc /usr /opt /home /root /var/lib -xdev -type f -not -path '/var/lib/apt/*' " +
                "-not -path '/var/lib/dpkg/*' -not -name .sudo_as_admin_successful -not -path '/var/lib/systemd/*' -not -name ld.so.cache | sort"),
            processes: await sh("ps -eo comm= | grep -vE '^(ps|bash|sort|sshd.*|systemd.*|\\(sd-pam\\)|sleep|grep)$' | sort -u"),
            interfaces: await sh("ip -o link show | awk -F': ' '{ sub(\"@.*\", \"\", $2); print $2 }' | sort"),
            mounts: await sh("awk '{ print $2 }' /proc/mounts | grep -E '^/(var/lib|run)/' | sort || true"),
        };
    }

    /** Expects a machine to be as it was, as soon as what is about to end has ended. */
    async expectInventory(machine: Machine, before: Record<string, string>): Promise<void> {
        await until("the machine to be as it was", async () => isDeepStrictEqual(await this.inventory(machine), before), 120)
            .catch(() => undefined); // the comparison below shows what differs
        expect(await this.inventory(machine)).toEqual(before);
    }

    private async prepare(): Promise<void> {
        if (fs.existsSync(this.key)) return;
        await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", this.key]);
        await removeMachines();
        await run("docker", ["network", "create", "--subnet", `${subnet}.0/24`, network]);
    }
}

/** Removes all machines of the suite, also those that an earlier run has left. */
export async function removeMachines(): Promise<void> {
    const attempt = (...args: string[]) => run("docker", args).catch(() => "");
    const ids = (await attempt("ps", "--all", "--quiet", "--filter", `name=^${prefix}`)).split("\n").filter(Boolean);
    for (const id of ids) await attempt("rm", "--force", "--volumes", id);
    await attempt("network", "rm", network);
    await attempt("volume", "rm", volume);
}
