import * as path from "node:path";

/** Directory of the library: the project's, or in the package that of the compiled code. */
export const libraryRoot = path.resolve(__dirname, "..");

/** Path of a script of the library. In the package, TypeScript is compiled. */
export function libraryScript(script: string): string {
    return path.join(libraryRoot, script.replace(/\.ts$/, path.extname(__filename)));
}

/** Arguments of Node before a script: TypeScript is compiled by tsx. */
export function nodeArguments(script: string): string[] {
    return script.endsWith(".ts") ? ["--require", "tsx/cjs"] : [];
}

/**
 * Path of a file of the library, relative to the program's working directory, in which the engine runs scripts. An absolute
 * path would differ between computers.
 */
export function fromWorkingDirectory(file: string): string {
    return path.relative(process.cwd(), file).split(path.sep).join("/");
}

/** Paths with `/` between their parts, in the same order on every system: Windows' separator comes after digits, `/` before them. */
export function sortedFiles(files: readonly string[], separator = path.sep): string[] {
    return files.map(file => file.split(separator).join("/")).sort();
}
