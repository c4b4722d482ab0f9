import { knownStacks } from "../stack/home";
import { clean } from "../status/fields";
import { UserError } from "../terminal/errors";
import { short } from "./bundle";
import { type Entry, History, standingOf } from "./history";
import { placeOf } from "./place";

/** Prints what was promoted to a stack, or to each stack that this computer knows. */
export async function showHistory(stack: string | undefined, json: boolean): Promise<number> {
    const stacks = stack === undefined ? knownStacks() : [stack];
    if (stacks.length === 0) throw new UserError("This computer knows no stack. Name one: npm run promote -- --history STACK");
    const found: { stack: string; entries: Entry[] }[] = [];
    const silent: string[] = [];
    for (const name of stacks) {
        const entries = await placeOf(name).then(place => History.read(place.kubeconfig, place.namespace)).then(history => history.entries).catch((error: Error) => {
            if (stack !== undefined) throw error;
            silent.push(`${name}: ${clean(error.message)}`);
        });
        if (entries) found.push({ stack: name, entries });
    }
    const text = json ? JSON.stringify(found.map(each => ({ ...each, onHold: standingOf(each.entries).hold !== undefined })), undefined, 2)
        : found.map(({ stack: name, entries }) => historyText(name, entries)).join("\n\n");
    process.stdout.write(`${text}\n`);
    for (const line of silent) process.stderr.write(`Can't be asked: ${line}\n`);
    return found.length > 0 ? 0 : 1;
}

const words: Record<Entry["event"], string> = {
    started: "started", applied: "applied", interrupted: "interrupted", succeeded: "good", failed: "bad", back: "went back, on hold", stuck: "COULD NOT GO BACK",
    released: "released",
};

/** One line for each event. */
export function historyText(stack: string, entries: readonly Entry[]): string {
    const { hold, unfinished } = standingOf(entries);
    const state = hold ? "on hold" : unfinished ? "in the middle of a promotion" : entries.length === 0 ? "nothing was promoted to it yet" : "ready for a promotion";
    const lines = entries.map(({ time, event, who, from, name, bundle, note, differ }) => {
        const what = event === "started" ? `bundle ${short(name ?? "")} (commit ${bundle?.commit.slice(0, 12)}) from ${from}${differ ? `, differing in ${differ.join(", ")}` : ""}` : note ?? "";
        return `  ${time.slice(0, 19).replace("T", " ")}  ${words[event].padEnd(18)}  ${clean(who.name)}${what ? `  ${clean(what)}` : ""}`;
    });
    return [`${stack}: ${state}`, ...lines].join("\n");
}
