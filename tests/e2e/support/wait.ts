/** Waits, and asks again. */
export function sleep(milliseconds: number): Promise<void> {
    return new Promise(resolve => setTimeout(resolve, milliseconds));
}

/** How often is asked at least: where this process stood still, its time is over before it has asked. */
const leastTries = 5;

/**
 * Asks until the answer is something other than undefined or false, and returns it. What `ask` throws counts as no
 * answer, and is told when the time is over.
 */
export async function until<T>(
    what: string, ask: () => Promise<T | undefined | false>, seconds = 300, pauseSeconds = 1,
): Promise<T> {
    const end = Date.now() + seconds * 1000;
    let last: unknown;
    for (let tries = 1; ; tries++, await sleep(pauseSeconds * 1000)) {
        try {
            const answer = await ask();
            if (answer !== undefined && answer !== false) return answer;
            last = undefined;
        } catch (error) {
            last = error;
        }
        if (Date.now() > end && tries >= leastTries) {
            const reason = last instanceof Error ? `: ${last.message}` : "";
            throw new Error(`Waited ${seconds} s for ${what}${reason}`);
        }
    }
}

/** Seconds that the work took, to a tenth. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
    const begin = Date.now();
    await work();
    return Math.round((Date.now() - begin) / 100) / 10;
}
