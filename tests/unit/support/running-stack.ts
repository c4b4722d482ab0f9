import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { StackApi } from "../fixtures/stack-api";
import { now } from "../fixtures/stack-objects";

// The commands listen to signals, and to the end of their output, until their process ends.
const signals = ["SIGINT", "SIGTERM", "SIGHUP", "disconnect"];

/** What a command has printed, and its exit code. */
export interface Ended {
    code: number;
    output: string;
    errors: string;
}

/** A stack that is up, for the tests of one file: its API, the directory of its kubeconfig, and how to run commands on it. */
export function stackThatIsUp() {
    const api = new StackApi();
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-daily-"));
    beforeAll(async () => fs.writeFileSync(path.join(directory, "kubeconfig"), await api.start()));
    afterAll(() => {
        api.stop();
        fs.rmSync(directory, { recursive: true });
    });
    const emitter: NodeJS.EventEmitter = process;
    const outputListeners = process.stdout.listenerCount("error");
    const listeners = signals.map(signal => [signal, emitter.listeners(signal)] as const);
    beforeEach(() => {
        api.reset();
        for (const signal of signals) emitter.removeAllListeners(signal);
        vi.stubEnv("LANDFALL_HOME", path.join(directory, "home"));
        vi.stubEnv("LANDFALL_CACHE", path.join(directory, "cache"));
        vi.useFakeTimers({ now, toFake: ["Date"] });
    });
    afterEach(() => {
        for (const listener of process.stdout.listeners("error").slice(outputListeners)) process.stdout.off("error", listener as () => void);
        for (const [signal, before] of listeners) {
            emitter.removeAllListeners(signal);
            for (const listener of before) emitter.on(signal, listener as () => void);
        }
        vi.useRealTimers();
        vi.unstubAllEnvs();
    });

    /** Runs a command as its npm script does; `watch` sees each time what it has printed so far. */
    const run = async (
        command: (args: string[]) => Promise<number>, args: string[], kubeconfig = path.join(directory, "kubeconfig"), watch?: (output: string) => void,
    ): Promise<Ended> => {
        const written = { output: "", errors: "" };
        const capture = (key: keyof typeof written) => (text: unknown, done?: unknown): boolean => {
            written[key] += String(text);
            if (typeof done === "function") (done as () => void)();
            watch?.(written.output);
            return true;
        };
        const spies = [
            vi.spyOn(process.stdout, "write").mockImplementation(capture("output") as typeof process.stdout.write),
            vi.spyOn(process.stderr, "write").mockImplementation(capture("errors") as typeof process.stderr.write),
        ];
        try {
            return { code: await command([...args, "--kubeconfig", kubeconfig]), ...written };
        } finally {
            for (const spy of spies) spy.mockRestore();
        }
    };
    return { api, directory, run };
}
