import { Interrupted } from "./errors";

/**
 * The first Ctrl-C (or the closing of the terminal) aborts the returned signal, so that what is running can finish;
 * the second exits at once.
 */
export function onInterrupt(notice: (line: string) => void): AbortSignal {
    const controller = new AbortController();
    const stop = (): void => {
        if (controller.signal.aborted) process.exit(130);
        notice("Stopping. Press Ctrl-C again to stop at once.");
        controller.abort();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
    process.once("disconnect", stop); // bootstrap.mjs was killed
    return controller.signal;
}

/** The work's result, or Interrupted as soon as the signal is aborted: for work that can't be stopped. */
export function orInterrupted<T>(work: Promise<T>, signal: AbortSignal, message: string): Promise<T> {
    const stopped = new Promise<never>((_, reject) => {
        const stop = (): void => reject(new Interrupted(message));
        if (signal.aborted) stop();
        signal.addEventListener("abort", stop, { once: true });
    });
    return Promise.race([work, stopped]);
}
