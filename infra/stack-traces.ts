/**
 * Corrects the paths in stack traces. The source maps of Pulumi's SDK omit a directory, as in node_modules/@pulumi/output.ts.
 * When Node 20 colours such a path, which has a single file name after the scope, it loops until it has used 4 GB. Without
 * this, any error inside an output takes half a minute to be reported.
 */
export function mendStackTraces(): void {
    const prepare = Error.prepareStackTrace;
    if (!prepare) return;
    Error.prepareStackTrace = (error, frames) => {
        const trace: unknown = prepare(error, frames);
        return typeof trace === "string" ? trace.replace(/(node_modules[\\/]@[^\\/\s]+([\\/]))(?=[^\\/\s]+$)/gm, "$1.$2") : trace;
    };
}
