import { sleep } from "./wait";

const interval = 500;
const longest = 5000;

let last = Date.now();
let wentOn = 0;
setInterval(() => {
    const now = Date.now();
    if (now - last > longest) wentOn = now;
    last = now;
}, interval).unref();

/**
 * Whether this process has stood still for seconds since then, because the computer had no time for it. Servers give up
 * clients that do, and its own time limits pass: a request that failed meanwhile says nothing of the site.
 */
export async function stoodStillSince(begin: number): Promise<boolean> {
    await sleep(2 * interval); // what tells may come after the failure
    return wentOn >= begin;
}
