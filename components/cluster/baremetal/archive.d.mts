export function bundleDirectory(bundle: string, options?: { anew?: boolean }): Promise<string>;
