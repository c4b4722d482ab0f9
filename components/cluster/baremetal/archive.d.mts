export function openBundle(bundle: string, options?: { anew?: boolean }): Promise<string>;
