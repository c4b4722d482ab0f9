import type { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";

/** One line of the report on this computer. */
export interface Finding {
    /** ok; note: not ideal, but the command continues; problem: the user must act first. */
    state: "ok" | "note" | "problem";
    text: string;
    /** For a problem: what to do. */
    remedy?: string;
}

const marks: Record<Finding["state"], string> = { ok: "✓", note: "–", problem: "✗" };

/** Prints the report. @throws UserError if there is a problem */
export function showReport(findings: Finding[], terminal: Terminal): void {
    for (const { state, text, remedy } of findings) {
        terminal.line(`  ${marks[state]} ${text}`);
        if (remedy) terminal.line(`      ${remedy}`);
    }
    const problems = findings.filter(({ state }) => state === "problem").length;
    if (problems === 0) return;
    const what = problems === 1 ? "the line" : `the ${problems} lines`;
    throw new UserError(`Nothing was changed. Put right ${what} marked ✗ above, and run the command again.`);
}
