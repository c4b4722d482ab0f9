import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { cacheDirectory } from "../../../components/cache";
import { DockerContext, dockerContext } from "../../../components/workload/docker-host";
import { home } from "../stack/home";
import { UserError } from "../terminal/errors";
import { onPath } from "../tools/programs";

const execute = promisify(execFile);

/** The state of Docker. */
export interface DockerState {
    installed: boolean;
    /** Memory for containers, in bytes; undefined if the daemon doesn't answer. */
    memory?: number;
    /** Whether the daemon runs containers of Windows, and none of Linux. */
    windows?: boolean;
    /** Why the daemon doesn't answer: the client's message. */
    error?: string;
    /** Version of the control groups where containers run. */
    cgroup?: "1" | "2";
    /** Whether containers run on this computer's kernel, not in a virtual machine or on another computer. */
    here?: boolean;
    /** The context that was asked, unless it is the default one. */
    context?: DockerContext;
}

/** How much of inotify one user may have. */
export interface Inotify {
    watches: number;
    instances: number;
}

/** What listens on a port of 127.0.0.1. */
interface PortState {
    free: boolean;
    /** Windows lets nobody listen there. */
    reserved?: boolean;
    /** Name of the container, if it is one. */
    container?: string;
    /** Name of the kind or minikube cluster that the container belongs to. */
    cluster?: string;
}

/** What the checks ask the computer. Tests replace it. */
export interface Probes {
    platform: NodeJS.Platform;
    /** Whether packages can be installed here: root on a Debian-family Linux. */
    rootOnDebian: boolean;
    docker(): Promise<DockerState>;
    /** Directories that the stack writes to, with the free bytes in each. */
    disks(): { directory: string; free: number }[];
    port(port: number): Promise<PortState>;
    /** Whether a program is on PATH. */
    onPath(program: string): boolean;
    /** This computer's inotify limits; undefined if it has none. */
    inotify(): Inotify | undefined;
    /** Whether an address on the internet answers, within a few seconds. */
    answers(url: string): Promise<boolean>;
    /** The code of the error, if an address on the internet shows a certificate that isn't trusted. */
    distrusted(url: string): Promise<string | undefined>;
}

/** The probes of this computer. */
export const probes: Probes = {
    platform: process.platform,
    rootOnDebian: process.platform === "linux" && process.getuid?.() === 0 && fs.existsSync("/etc/debian_version"),
    docker: probeDocker,
    // Elsewhere, Docker has a disk of its own.
    disks: () => [home(), cacheDirectory(), ...process.platform === "linux" ? ["/var/lib/docker"] : []].map(freeSpace),
    port: async port => {
        const state = stateOf(await listenError(port));
        return state.free ? state : { ...state, ...(await publisherOf(port)) };
    },
    onPath,
    inotify,
    answers,
    distrusted,
};

/** The used part of `docker info`. */
interface DockerInfo {
    MemTotal?: number;
    OSType?: string;
    ServerErrors?: string[];
    CgroupVersion?: "1" | "2";
    KernelVersion?: string;
}

async function probeDocker(): Promise<DockerState> {
    if (!onPath("docker")) return { installed: false };
    const context = dockerContext();
    try {
        const { stdout } = await execute("docker", ["info", "--format", "{{json .}}"], { timeout: 20_000 });
        return { installed: true, context, ...daemonState(JSON.parse(stdout) as DockerInfo) };
    } catch (error) {
        const { stderr, message } = error as Error & { stderr?: string };
        return { installed: true, context, error: (stderr || message).trim().split("\n").pop() };
    }
}

/** What `docker info` says of the daemon. */
export function daemonState(info: DockerInfo): Omit<DockerState, "installed" | "context"> {
    if (!info.MemTotal) return { error: info.ServerErrors?.join("; ") ?? "it gave no answer" };
    const here = process.platform === "linux" && info.KernelVersion === os.release();
    return { memory: info.MemTotal, cgroup: info.CgroupVersion, here, ...(info.OSType === "windows" && { windows: true }) };
}

function inotify(): Inotify | undefined {
    const read = (name: string): number => Number(fs.readFileSync(`/proc/sys/fs/inotify/max_user_${name}`, "utf8"));
    try {
        return { watches: read("watches"), instances: read("instances") };
    } catch {
        return undefined;
    }
}

/** The directory, or what exists above it. @throws UserError if Windows has no such drive */
export function existingAbove(directory: string, exists = fs.existsSync, { dirname }: Pick<typeof path, "dirname"> = path): string {
    if (exists(directory)) return directory;
    if (dirname(directory) !== directory) return existingAbove(dirname(directory), exists, { dirname });
    throw new UserError(`There is no drive ${directory}, which LANDFALL_HOME or LANDFALL_CACHE names. Name another, and run the command again. Nothing was changed.`);
}

function freeSpace(directory: string): { directory: string; free: number } {
    const system = fs.statfsSync(existingAbove(directory));
    return { directory, free: system.bavail * system.bsize };
}

/** Why nobody can listen on a port of 127.0.0.1; undefined if one can. */
function listenError(port: number): Promise<string | undefined> {
    return new Promise(resolve => {
        const server = net.createServer();
        server.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code));
        server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(undefined)));
    });
}

/** The state of a port at which listening fails so. */
export function stateOf(error: string | undefined, platform = process.platform): PortState {
    // Hyper-V and WSL take whole ranges of ports, in which Docker can't publish any.
    if (error === "EACCES" && platform === "win32") return { free: false, reserved: true };
    // Below 1024 only root may listen, but Docker, which publishes the port, is root.
    return { free: error === undefined || error === "EACCES" };
}

async function publisherOf(port: number): Promise<Omit<PortState, "free">> {
    const labels = ["io.x-k8s.kind.cluster", "name.minikube.sigs.k8s.io"].map(label => `{{.Label "${label}"}}`);
    const format = ["{{.Names}}", ...labels].join("\t");
    const args = ["ps", "--filter", `publish=${port}`, "--format", format];
    const { stdout } = await execute("docker", args, { timeout: 20_000 }).catch(() => ({ stdout: "" }));
    const [container, kind, minikube] = stdout.split("\n")[0].split("\t");
    return container ? { container, cluster: kind || minikube || undefined } : {};
}

/** What Node says of a certificate whose authority it doesn't know. */
const distrust = [
    "UNABLE_TO_GET_ISSUER_CERT", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "SELF_SIGNED_CERT_IN_CHAIN",
    "DEPTH_ZERO_SELF_SIGNED_CERT", "CERT_UNTRUSTED", "INVALID_CA",
];

async function distrusted(url: string): Promise<string | undefined> {
    const error = await ask(url).then(() => undefined, ({ cause }: { cause?: { code?: string } }) => cause);
    return distrust.find(code => code === error?.code);
}

function ask(url: string): Promise<Response> {
    return fetch(url, { method: "HEAD", redirect: "follow", signal: AbortSignal.timeout(5000) });
}

async function answers(url: string): Promise<boolean> {
    try {
        const response = await ask(url);
        return response.ok || response.status === 401; // a registry asks for a token first
    } catch {
        return false;
    }
}
