import type { Outcome, ReadRequest } from "./monitor";
import { handlerOf } from "./types";
import type { Values } from "./values";

/** Reads what the program did not make; nothing of it comes into the state. In a preview it may not be there yet. */
export function readResource(
    { type, name, id }: ReadRequest, provider: Values, env: NodeJS.ProcessEnv,
): Promise<Outcome> {
    const { read } = handlerOf(type);
    if (!read) throw new Error(`The offline engine can't read ${type}; Pulumi's engine can`);
    if (id === undefined) return Promise.resolve({ outputs: {} });
    return read({ type, name, inputs: {}, provider, env, resumed: false, progress: () => undefined }, id);
}
