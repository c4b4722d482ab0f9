import * as fs from "node:fs";
import { readRecord, stackFile } from "../home";
import type { EngineName } from "./choose";
import { isInBackend } from "./lock";

/** Which engine holds the stack's state, also after a plain `pulumi up`; undefined where none is known to. */
export function holderOf(stack: string): EngineName | undefined {
    const recorded = readRecord(stack)?.engine;
    if (recorded) return recorded;
    if (fs.existsSync(stackFile(stack, "offline"))) return "offline";
    return isInBackend(stack) ? "pulumi" : undefined;
}
