// Types of the functions of bootstrap.mjs that the tests call.
interface Lock {
    packages: Record<string, { version?: string; integrity?: string; optional?: boolean }>;
}
export function nodeProblem(version: string, engines: string): string | undefined;
export function isInstalled(lock: Lock, installed: Lock | undefined): boolean;
export function childEnvironment(environment: Record<string, string | undefined>): Record<string, string | undefined>;
export function npmCommand(
    environment: Record<string, string | undefined>,
    execPath: string,
    exists: (file: string) => boolean,
): { program: string; args: string[] };
