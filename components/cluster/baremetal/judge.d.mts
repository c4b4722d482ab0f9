import type { ClusterFacts, NodeFacts } from "./facts";

export interface Answered {
    node: NodeFacts;
    found: Record<string, string[]>;
    apart: number;
}

export function problemsOf(cluster: Pick<ClusterFacts, "owner" | "version"> & { podSubnet?: string }, answers: Answered[]): string[];
export function warningsOf(answers: {
    node: NodeFacts; free?: number; snapshots?: string; expires?: { file: string; ends: number }[];
}[], now: number): string[];
export function portsOf(role: NodeFacts["role"]): number[];
