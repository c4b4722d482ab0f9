import type { Terminal } from "../terminal";
import { UserError } from "../user-error";
import type { Finding, Report } from "./check";

const marks: Record<Finding["state"], string> = { ok: "✓", note: "–", problem: "✗" };

/** Writes the report, and stops where something is to be done first. */
export function showReport({ findings }: Report, terminal: Terminal): void {
    for (const { state, text, remedy } of findings) {
        terminal.line(`  ${marks[state]} ${text}`);
        if (remedy) terminal.line(`      ${remedy}`);
    }
    const problems = findings.filter(({ state }) => state === "problem").length;
    if (problems === 0) return;
    const what = problems === 1 ? "the line" : `the ${problems} lines`;
    throw new UserError(`Nothing was changed. Put right ${what} marked ✗ above, and run the command again.`);
}
