import { Readable, Writable } from "node:stream";
import { connect, KubernetesError, readKubeconfig, send } from "../../../components/cluster/kubernetes-api";
import { Interrupted, UserError } from "../terminal/errors";

/** A pod that a command runs programs in. */
export interface Pod {
    kubeconfig: string;
    namespace: string;
    name: string;
    container: string;
}

/** How a program in a pod ended. */
export interface Ended {
    code: number;
    /** Its standard output, unless redirected. */
    stdout: string;
    stderr: string;
}

interface PodObject {
    metadata: { name: string; deletionTimestamp?: string };
    status?: { conditions?: { type: string; status: string }[] };
}

/** A pod of the workload that is ready and not terminating. @throws if there is none, or the cluster doesn't answer */
export async function findPod(kubeconfig: string, namespace: string, workload: string): Promise<Pod> {
    const selector = encodeURIComponent(`app.kubernetes.io/name=${workload}`);
    const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`;
    const { items } = await connect(kubeconfig)
        .then(connection => send(connection, "GET", path, { seconds: 20 }))
        .catch((error: Error) => { throw new UserError(`The cluster can't be asked: ${error.message}. ${hint(error)}`); });
    const ready = ((items ?? []) as PodObject[]).filter(({ metadata, status }) => metadata.deletionTimestamp === undefined
        && status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True"));
    if (ready.length > 0) return { kubeconfig, namespace, name: ready[0].metadata.name, container: workload };
    throw new UserError(
        `No pod "${workload}" is ready in the namespace ${namespace}. See why: npm run status, with the same --stack. ` +
            "Nothing was changed.",
    );
}

function hint(error: Error): string {
    if (error instanceof KubernetesError) return "Does the kubeconfig's user have the right to it? Nothing was changed.";
    return "Is it running, and is the kubeconfig up to date? Nothing was changed.";
}

/**
 * Runs a program in a pod. Its input is streamed no faster than the pod reads it, and so is its
 * output, if `output` is given. Not every cluster signals the end of the input: the program must know when it has all.
 * @throws if the connection ends before the program
 */
export async function execute(
    { kubeconfig, namespace, name, container }: Pod, command: string[],
    { input, output, signal, called = command[0] }: {
        input?: AsyncIterable<Buffer> | Iterable<Buffer>; output?: Writable; signal?: AbortSignal;
        /** What messages call the program. */
        called?: string;
    } = {},
): Promise<Ended> {
    const [config, { Exec }] = await Promise.all([readKubeconfig(kubeconfig), import("@kubernetes/client-node/dist/exec.js")]);
    const [stdout, stderr] = [new Collector(), new Collector(errorBytes)];
    let socket: Socket | undefined;
    const out = output ? throttled(output, () => socket) : stdout;
    // Only announces input: the library would send it without waiting for the pod.
    const announced = input ? new Readable({ read: () => undefined }) : null;
    const written = output ? new Promise<void>((resolve, reject) => { out.on("finish", resolve); out.on("error", reject); }) : undefined;
    written?.catch(() => socket?.close());

    let failed: (error: Error) => void = () => undefined;
    const ended = new Promise<Status>((resolve, reject) => {
        failed = reject;
        new Exec(config).exec(namespace, name, container, command, out, stderr, announced, false, resolve as (status: object) => void)
            .then(opened => {
                socket = opened as unknown as Socket;
                socket.on("error", reject);
                socket.on("close", () => reject(new Error("the connection broke off")));
            }, (error: unknown) => reject(refused(error)));
    });
    const stop = (): void => {
        failed(new Interrupted("Stopped."));
        socket?.close();
    };
    signal?.addEventListener("abort", stop, { once: true });
    const over: Promise<unknown> = ended.catch(() => undefined);
    const sending = input ? sendAll(input, () => socket, over).catch((error: Error) => { failed(error); socket?.close(); }) : undefined;
    const status = await ended.catch((error: Error) => {
        const known = error instanceof Interrupted || error instanceof UserError;
        throw known ? error : new UserError(`${called} in the pod ${name}: ${error.message}.`);
    }).finally(() => signal?.removeEventListener("abort", stop));
    await sending;
    await written;
    return { code: exitCode(status, called), stdout: stdout.text(), stderr: stderr.text() };
}

/** The used part of a WebSocket; the library's type is the browser's. */
export interface Socket {
    on(event: "error" | "close", listener: (error: Error) => void): void;
    send(data: Buffer, done: (error?: Error) => void): void;
    close(): void;
    pause(): void;
    resume(): void;
}

interface Status {
    status?: string;
    message?: string;
    details?: { causes?: { reason?: string; message?: string }[] };
}

/** Bytes of error messages to keep. */
const errorBytes = 256 << 10;
const pieceBytes = 64 << 10;
const stdinChannel = Buffer.from([0]);

/** Sends the input until all is sent or the program ends. */
async function sendAll(
    input: AsyncIterable<Buffer> | Iterable<Buffer>, socket: () => Socket | undefined, over: Promise<unknown>,
): Promise<void> {
    let ended = false;
    void over.then(() => (ended = true));
    for await (const part of input) {
        for (let at = 0; at < part.length && !ended; at += pieceBytes) {
            while (socket() === undefined && !ended) await new Promise(resolve => setTimeout(resolve, 20));
            const piece = Buffer.concat([stdinChannel, part.subarray(at, at + pieceBytes)]);
            const sent = new Promise<void>((resolve, reject) =>
                socket()?.send(piece, error => (error ? reject(error) : resolve())));
            await Promise.race([sent, over]);
        }
        if (ended) return;
    }
}

/** A stream in front of `output` that makes the cluster wait while `output` is busy. */
function throttled(output: Writable, socket: () => Socket | undefined): Writable {
    const wait = new Writable({
        write(part, _encoding, done) {
            socket()?.pause();
            output.write(part, error => {
                socket()?.resume();
                done(error);
            });
        },
    });
    output.on("error", error => wait.destroy(error));
    return wait;
}

function exitCode({ status, message, details }: Status, program: string): number {
    if (status === "Success") return 0;
    const cause = details?.causes?.find(({ reason }) => reason === "ExitCode");
    if (cause) return Number(cause.message);
    throw new UserError(`${program} can't be run in the pod: ${message ?? "no reason given"}.`);
}

function refused(error: unknown): Error {
    const { message = String(error) } = error as { message?: string };
    return new Error(/40[13]/.test(message) ? `the cluster refuses it (${message}): the kubeconfig's user needs the right to create pods/exec` : message);
}

/** Keeps what is written to it, up to a limit. */
class Collector extends Writable {
    private readonly parts: Buffer[] = [];
    private size = 0;

    constructor(private readonly most = 64 << 20) {
        super();
    }

    override _write(part: Buffer, _encoding: BufferEncoding, done: () => void): void {
        if (this.size < this.most) this.parts.push(part.subarray(0, this.most - this.size));
        this.size += part.length;
        done();
    }

    text(): string {
        return Buffer.concat(this.parts).toString();
    }
}
