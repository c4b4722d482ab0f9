import type { DescribedCluster } from "./describe";
import type { NodeFacts } from "./facts";

/** How a run on a node ended; a connection that gave no answer has neither `began` nor `whole`. */
interface Result {
    code: number;
    stderr: string;
    began?: boolean;
    whole?: boolean;
    noise?: string;
}

export function renderSshConfig(ssh: DescribedCluster["ssh"], nodes: NodeFacts[], known?: Record<string, string>): string;
export function describeFailure(node: NodeFacts, result: Result): string;
export function isSilent(result: Pick<Result, "stderr" | "began">): boolean;
export function isStranger(result: Pick<Result, "stderr" | "began">): boolean;
