import type { NodeFacts } from "./facts";

/** What a machine answered. */
interface Answer {
    ok: boolean;
    code: number;
    stdout: string;
    stderr: string;
}

export function reboot(
    connection: { attempt(): Promise<Answer> }, node: NodeFacts, since: string, reasons: string[],
): Promise<void>;
