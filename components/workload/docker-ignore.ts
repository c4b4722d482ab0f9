import * as fs from "node:fs";
import * as path from "node:path";

/**
 * Which files of a build's context its .dockerignore excludes. The last matching line decides; one that begins with `!`
 * includes again. The Dockerfile and the .dockerignore itself always count, and Git's own directory never.
 */
export function readIgnored(directory: string): (file: string) => boolean {
    const file = path.join(directory, ".dockerignore");
    return ignoredBy(fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "");
}

/** The same for the text of a .dockerignore. Files are relative to the context, with `/` between their parts. */
export function ignoredBy(text: string): (file: string) => boolean {
    const rules = text.replace(/^\uFEFF/, "").split(/\r?\n/).filter(line => line.trim() !== "" && !line.startsWith("#")).map(line => {
        const trimmed = line.trim();
        const includes = trimmed.startsWith("!");
        const pattern = path.posix.normalize(trimmed.slice(includes ? 1 : 0).trim()).replace(/^\/+|\/+$/g, "");
        // A directory stands for everything in it.
        return { includes, matches: new RegExp(`^${expression(pattern)}(?:/.*)?$`, "s") };
    });
    return name => name !== "Dockerfile" && name !== ".dockerignore"
        // Git's own files change with each of its commands.
        && (name === ".git" || name.startsWith(".git/") || rules.reduce((ignored, { includes, matches }) => matches.test(name) ? !includes : ignored, false));
}

/** Go's filepath.Match, and `**` for any number of directories. */
function expression(pattern: string): string {
    return pattern.replace(/\*\*\/|\*\*|\*|\?|\[(\^?)([^\]]+)\]|\\(.)|[.+^$(){}|]/g, (found, not: string, set: string, escaped: string) => {
        if (found === "**/") return "(?:.*/)?";
        if (found === "**") return ".*";
        if (found === "*") return "[^/]*";
        if (found === "?") return "[^/]";
        if (set !== undefined) return `[${not}${set}]`;
        return `\\${escaped ?? found}`;
    });
}
