// @ts-nocheck
// Which snapshot is meant.
import { fail } from "../../scripts/process";

/** Of restic's list, as JSON, the latest of this cluster's, or the one of which the ID begins so. */
export function chooseSnapshot(listed, { name, restore }) {
    const all = (JSON.parse(listed || "[]") ?? []).sort((left, right) => Date.parse(left.time) - Date.parse(right.time));
    const own = all.filter(({ hostname }) => hostname === name);
    const found = restore === "latest" ? own.at(-1) : all.filter(({ id }) => id.startsWith(restore)).at(-1);
    if (found) return found;
    const there = all.slice(-20).map(({ id, time, hostname }) => `  ${id.slice(0, 8)}  ${time.slice(0, 19)}  ${hostname}`);
    return fail(`The repository has no snapshot ${restore === "latest" ? `of ${name}` : restore}. Nothing was changed.` +
        (there.length > 0 ? ` There are:\n${there.join("\n")}` : " It has none at all."));
}
