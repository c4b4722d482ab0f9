/**
 * Mends the paths in the stack traces of errors. The source maps of Pulumi's SDK leave a directory out, and Node 20 doesn't
 * come to an end with the colours of a path that stops right after a scope, as node_modules/@pulumi/output.ts does: it
 * takes half a minute and 4 GB to give up, whatever the error.
 */
export function mendStackTraces(): void {
    const prepare = Error.prepareStackTrace;
    if (!prepare) return;
    Error.prepareStackTrace = (error, frames) => {
        const trace: unknown = prepare(error, frames);
        return typeof trace === "string" ? trace.replace(/(node_modules[\\/]@[^\\/\s]+([\\/]))(?=[^\\/\s]+$)/gm, "$1.$2") : trace;
    };
}
