import { sleep } from "./wait";

/** How connections fail, and what API servers and package systems answer, where a computer is too busy. */
const busy = new RegExp([
    "ECONN(RESET|REFUSED|ABORTED)", "ETIMEDOUT", "EPIPE", "socket hang up", "fetch failed", "connection (refused|reset|lost)", "timed? ?out",
    "deadline exceeded", "handshake", "unexpected EOF", "etcdserver", "too many requests", "unable to handle the request",
    "Unexpected server response: (429|5\\d\\d)", "Could not get lock", "was locked by",
].join("|"), "i");

/**
 * Does what may be done several times, for up to two minutes: as long as there is no answer, or one of an API server or
 * a runtime that is too busy. Any other failure is final.
 */
export async function patiently<T>(work: () => Promise<T>, seconds = 120): Promise<T> {
    for (const end = Date.now() + seconds * 1000; ; await sleep(1000)) {
        try {
            return await work();
        } catch (error) {
            if (!isBusy(error) || Date.now() > end) throw error;
        }
    }
}

function isBusy(error: unknown): boolean {
    const { code, message = "" } = error as { code?: unknown; message?: string };
    if (typeof code === "number") return code === 429 || code >= 500;
    // Of a program that failed, what it said, not how it was called.
    return busy.test(`${String(code)} ${message.replace(/^.* ended with code \d+:\n/s, "")}`);
}
