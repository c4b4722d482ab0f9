import type { PlainSettings, PlatformSettings } from "../../config";
import { askFor, type Source } from "../down/confirm";
import type { HeldEnvironment } from "../engine/keep";
import type { Terminal } from "../terminal";

interface Wanted {
    stack: string;
    settings: Pick<PlainSettings | PlatformSettings, "environment">;
}

/**
 * Asks before a run removes the environment that a stack has, because its settings have none or another.
 * @throws UserError if nobody can be asked or the answer differs
 */
export async function confirmLoss(
    held: HeldEnvironment | undefined, { stack, settings: { environment } }: Wanted,
    context: { terminal: Terminal; signal: AbortSignal }, source: Source = process.stdin,
): Promise<void> {
    // With `retain`, the program refuses another name.
    if (held === undefined || held.namespace === environment?.name || environment?.volumes === "retain") return;
    const { namespace } = held;
    const loss = [
        `landfall:environment ${environment === undefined ? "is none" : `has the name ${environment.name}`}, but the stack "${stack}" has the `
            + `environment ${namespace}. This run removes it, with all that runs in it and its passwords. ${lossOf(held)}`,
        "To keep it, restore its settings in landfall:environment.",
    ];
    const options = stack === "dev" ? "" : `--stack ${stack} `;
    await askFor(namespace, {
        question: [...loss, `To remove it, type its name, ${namespace}:`].join("\n"),
        alone: [...loss, "Nothing was changed.", `To remove it without being asked: npm start -- ${options}--yes`].join("\n"),
        other: "That is not the environment's name. Nothing was changed.",
    }, context, source);
}

function lossOf({ volumes, outlives }: HeldEnvironment): string {
    if (volumes.length === 0) return "It has no volumes.";
    return outlives ? `Its volumes are kept (landfall:environment.volumes): ${volumes.join(", ")}.`
        : `That permanently deletes the data in its volumes: ${volumes.join(", ")}.`;
}
