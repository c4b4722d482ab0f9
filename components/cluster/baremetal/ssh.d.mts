import type { DescribedCluster } from "./describe";
import type { NodeFacts } from "./facts";

export function renderSshConfig(ssh: DescribedCluster["ssh"], nodes: NodeFacts[], known?: Record<string, string>): string;
export function describeFailure(node: NodeFacts, result: { code: number; stderr: string }): string;
export function isSilent(stderr: string): boolean;
export function isStranger(stderr: string): boolean;
