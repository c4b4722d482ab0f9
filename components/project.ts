import * as path from "node:path";

/** Directory of the library: the project's own, else the package's with what was compiled. */
export const libraryRoot = path.resolve(__dirname, "..");

/** The script of the library to start: in the package TypeScript is compiled. */
export function libraryScript(script: string): string {
    return path.join(libraryRoot, script.replace(/\.ts$/, path.extname(__filename)));
}

/** Arguments with which Node runs a script: TypeScript needs a compiler. */
export function nodeArguments(script: string): string[] {
    return script.endsWith(".ts") ? ["--import", "tsx"] : [];
}

/**
 * A file of the library as the engine finds it, which works in the program's working directory; an absolute path would
 * differ between computers.
 */
export function fromWorkingDirectory(file: string): string {
    return path.relative(process.cwd(), file).split(path.sep).join("/");
}
