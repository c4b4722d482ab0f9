export function bundleProblems(bundle: string, version: string, systems: string[]): Promise<string[]>;
export function partsFor(
    bundle: string, system: string, node: { role: "control-plane" | "worker"; tainted: boolean },
): { name: string; sum: string; file: string }[];
