import { parseSettings, SettingsError } from "../../../infra/config";
import type { Problem } from "../../../infra/config";

/** The problems of a stack's settings. */
export function problemsOf(raw: Record<string, unknown>, stack = "dev"): readonly Problem[] {
    try {
        parseSettings(raw, stack);
    } catch (error) {
        if (error instanceof SettingsError) {
            return error.problems;
        }
        throw error;
    }
    return [];
}

/** What a person reads of each problem, without the indent. */
export function linesOf(raw: Record<string, unknown>, stack?: string): string[] {
    return problemsOf(raw, stack).flatMap(({ key, problem, given, allowed, example }) => [
        `${key} ${problem}`, `given: ${given}`, `allowed: ${allowed}`, `example: ${example}`,
    ]);
}
