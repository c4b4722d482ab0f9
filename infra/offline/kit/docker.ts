import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheDirectory } from "../../../components/cache";
import { Log, report, run, step, succeeds } from "./run";

const CAP_SYS_RESOURCE = 24n;
const pidFile = () => path.join(cacheDirectory(), "dockerd.pid");
const logFile = () => path.join(cacheDirectory(), "dockerd.log");

/**
 * Makes sure that a Docker daemon answers.
 *
 * A running one is used as it is. Otherwise, as root on a Debian-family machine, Debian's docker.io is
 * installed and a daemon started, which keeps running after this program ends.
 */
export async function ensureDocker(log: Log): Promise<{ started?: { pid: number } }> {
    if (await answers()) return {};
    if (process.platform !== "linux" || process.getuid?.() !== 0 || !fs.existsSync("/etc/debian_version")) {
        throw new Error(
            "Docker does not answer (`docker info` fails). Install Docker and start it; only as root on a " +
                "Debian-family Linux can it be set up for you.",
        );
    }
    log("Docker does not answer: setting up a daemon from Debian's docker.io.");
    await installPackages(log, { dockerd: "docker.io", iptables: "iptables" });
    if (await answersWithin(10)) return {}; // an init system has started it
    const pid = await step(log, "start the Docker daemon", startDaemon);
    return { started: { pid } };
}

/** Stops the daemon that `ensureDocker` started, unless it still has containers. */
export async function stopDocker(): Promise<void> {
    const pid = runningPid(pidFile(), "dockerd");
    if (pid === undefined) return;
    if ((await run("docker", ["ps", "--all", "--quiet"])) !== "") return;
    process.kill(pid, "SIGTERM");
    while (isAlive(pid)) await sleep(200);
    fs.rmSync(pidFile(), { force: true });
}

/** Installs the Debian packages, given as program → package, of missing programs. */
export async function installPackages(log: Log, packages: Record<string, string>): Promise<void> {
    const missing: string[] = [];
    for (const [program, name] of Object.entries(packages)) {
        if (!(await findProgram(program))) missing.push(name);
    }
    if (missing.length === 0) return;
    await step(log, `apt-get install ${missing.join(" ")}`, async () => {
        const env = { DEBIAN_FRONTEND: "noninteractive" };
        await run("apt-get", ["update", "-q"], { env });
        await run("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...missing], { env });
    });
}

/** Whether this machine has a program or, if the name contains a slash, a file. */
export async function findProgram(program: string): Promise<boolean> {
    const dirs = (process.env.PATH ?? "").split(path.delimiter).concat("/usr/sbin", "/sbin");
    return dirs.some(dir => fs.existsSync(path.resolve(dir, program)));
}

async function answers(): Promise<boolean> {
    return succeeds("docker", ["info"]);
}

async function answersWithin(seconds: number): Promise<boolean> {
    if (!fs.existsSync("/run/systemd/system")) return answers();
    for (let second = 0; second < seconds; second++) {
        if (await answers()) return true;
        await sleep(1000);
    }
    return false;
}

async function startDaemon(): Promise<number> {
    fs.mkdirSync(cacheDirectory(), { recursive: true });
    requireCgroups();
    removeStalePid("/var/run/docker.pid", "dockerd");
    removeStalePid("/var/run/docker/containerd/containerd.pid", "containerd");
    const out = fs.openSync(logFile(), "a");
    // The daemon may outlive this run's temporary directory.
    const { TMPDIR: _, ...env } = process.env;
    const daemon = spawn("dockerd", daemonArgs(), { detached: true, stdio: ["ignore", out, out], env });
    const failed = new Promise<never>((_, reject) => {
        daemon.on("error", cause => reject(new Error(`Could not start dockerd: ${cause.message}`)));
        daemon.on("exit", code => reject(new Error(`dockerd ended with code ${code}; see ${logFile()}`)));
    });
    failed.catch(() => undefined); // handled only while we wait
    const ready = async () => {
        for (let i = 0; i < 150; i++) {
            if (await answers()) return;
            await sleep(400);
        }
        throw new Error(`dockerd does not answer after a minute; see ${logFile()}`);
    };
    await Promise.race([ready(), failed]);
    daemon.unref();
    fs.closeSync(out);
    const pid = daemon.pid as number;
    fs.writeFileSync(pidFile(), `${pid}\n`);
    return pid;
}

/** Networks from the range that is reserved for tests, so they never overlap a network in use. */
function daemonArgs(): string[] {
    const args = ["--bip=198.18.0.1/24", "--default-address-pool=base=198.18.128.0/17,size=24"];
    if (hasCapability(CAP_SYS_RESOURCE)) return args;
    return [...args, `--add-runtime=landfall=${installRuntime()}`, "--default-runtime=landfall"];
}

function hasCapability(bit: bigint): boolean {
    const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(fs.readFileSync("/proc/self/status", "utf8"));
    return bounding === null || ((BigInt(`0x${bounding[1]}`) >> bit) & 1n) === 1n;
}

/** Copies the runtime into the cache: the daemon outlives a checkout that is moved or deleted. */
function installRuntime(): string {
    const installed = path.join(cacheDirectory(), "oci-runtime.mjs");
    const source = fs.readFileSync(path.join(__dirname, "oci-runtime.mjs"), "utf8");
    // dockerd's own PATH may lack this Node.
    fs.writeFileSync(installed, source.replace(/^#!.*/, `#!${process.execPath}`), { mode: 0o755 });
    return installed;
}

/** A killed daemon leaves its PID file behind. If another process has that ID now, the next daemon won't start. */
function removeStalePid(file: string, program: string): void {
    if (fs.existsSync(file) && runningPid(file, program) === undefined) fs.rmSync(file);
}

/** Without an init system, the cgroup controllers may not be mounted. */
function requireCgroups(): void {
    if (!fs.existsSync("/sys/fs/cgroup/cgroup.controllers") && !fs.existsSync("/sys/fs/cgroup/memory")) {
        throw new Error("No cgroup controllers are mounted under /sys/fs/cgroup: Docker needs them.");
    }
}

/** The process with the ID in the file, if it still runs that program. */
function runningPid(file: string, program: string): number | undefined {
    if (!fs.existsSync(file)) return undefined;
    const pid = Number(fs.readFileSync(file, "utf8"));
    const name = `/proc/${pid}/comm`; // another process may have the ID now
    return fs.existsSync(name) && fs.readFileSync(name, "utf8").trim() === program ? pid : undefined;
}

function isAlive(pid: number): boolean {
    try {
        const state = fs.readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "")[0];
        return state !== "Z"; // a zombie
    } catch {
        return false;
    }
}

if (require.main === module) {
    report(ensureDocker(console.log).then(({ started }) => started ? `Docker runs as process ${started.pid}.` : "Docker runs."));
}
