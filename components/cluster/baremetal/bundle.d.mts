export function bundleProblems(bundle: string, version: string, systems: string[]): Promise<string[]>;
export function partsFor(bundle: string, system: string): { name: string; sum: string; file: string }[];
