import { quantity } from "../../quantity";

/**
 * Space for what a collector can't send, on its node's disk, in MiB. It drops the oldest lines beyond `most`, which is the
 * least that vlagent accepts. The file that it is reading from, of the same size, comes on top.
 */
export const buffer = { most: 512, volume: 2 * 512 + 128 };

/** The store drops the oldest day if there are too many bytes, but never the last two. */
const undroppableSeconds = 2 * 24 * 60 * 60;

export interface LogLimits {
    /** Bytes on the volume beyond which the store drops its oldest day. */
    kept: number;
    /** Bytes that the store leaves free. It refuses lines rather than fill its disk, and the collectors keep them meanwhile. */
    free: number;
    /** Bytes per second, compressed, that a node's collector sends. What is written faster waits, and the oldest is lost in the end. */
    sentPerSecond: number;
}

/**
 * What follows from the volume's size; a tenth is for merging files. Two days at the full rate of one node fit, because neither
 * time nor size makes the store drop them. On a volume that is a directory nothing else limits them.
 */
export function logLimits(volume: string): LogLimits {
    const bytes = Number(quantity(volume) / 10n ** 9n);
    const kept = Math.floor(bytes * 0.8);
    return { kept, free: Math.floor(bytes * 0.1), sentPerSecond: Math.floor(kept / undroppableSeconds) };
}
