/** What the control plane remembers of the administrator's kubeconfig; times in seconds since 1970. */
export interface Administrator {
    /** Counts how many were signed because the one before was about to end. */
    generation: number;
    signed: number;
    ends: number;
}

const day = 24 * 3600;

/** Whether another is to be signed: in the last third of its life. */
function isDue({ signed, ends }: Administrator, now: number): boolean {
    return now > ends - (ends - signed) / 3;
}

/** The number of the kubeconfig that is to be: another number than the last has one signed. */
export function generationOf(found: Administrator | undefined, now: number): number {
    if (!found) return 1;
    return isDue(found, now) ? found.generation + 1 : found.generation;
}

/** What people are to know of it, if it is about to end or has ended. */
export function administratorWarning(found: Administrator | undefined, now: number): string | undefined {
    if (!found || !isDue(found, now)) return undefined;
    const days = Math.floor((found.ends - now) / day);
    const until = new Date(found.ends * 1000).toISOString().slice(0, 10);
    return `The administrator's kubeconfig ${days < 0 ? "ended" : `ends in ${days} days,`} on ${until}. ` +
        "pulumi up signs another, and changes nothing else.";
}
