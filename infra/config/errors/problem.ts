/** A problem in the configuration. */
export interface Problem {
    /** The full key, such as `landfall:app.web.replicas.min`. */
    key: string;
    /** Completes a sentence that begins with the key. */
    problem: string;
    given: string;
    allowed: string;
    /** A line to paste into Pulumi.<stack>.yaml. */
    example: string;
}

/** The configuration is wrong. Lists all problems. */
export class SettingsError extends Error {
    constructor(readonly problems: readonly Problem[], readonly stack: string) {
        super(report(problems, stack));
        this.name = "SettingsError";
    }
}

/** The problem as text, in four lines. */
export function problemText({ key, problem, given, allowed, example }: Problem): string {
    return [`${key} ${problem}`, `    given:   ${given}`, `    allowed: ${allowed}`, `    example: ${example}`].join("\n");
}

function report(problems: readonly Problem[], stack: string): string {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    return [
        `The configuration of the stack ${stack} has ${count}. Nothing was changed.`,
        ...problems.map(problemText),
        `Settings are under "config:" in Pulumi.${stack}.yaml; infra/config/REFERENCE.md describes all of them.`,
    ].join("\n\n");
}
