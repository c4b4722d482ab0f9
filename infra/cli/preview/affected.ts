import * as path from "node:path";
import type { PlainSettings, PlatformSettings } from "../../config";
import { run } from "../../offline/kit/run";
import { root } from "../stack/home";

/** A stack that a change may touch, with what decides whether it does. */
export interface Candidate {
    stack: string;
    /** Undefined if its file can't be read: then any change may touch it. */
    settings?: Pick<PlainSettings | PlatformSettings, "cluster" | "app">;
}

/** What no stack is made from. Everything else may be part of any stack, unless a rule below says whose it is. */
const outside: readonly RegExp[] = [
    /^[^/]+\.md$/, /^LICENSE$/, /^\.(github|ci)\//, /^\.git(ignore|attributes|lab-ci\.yml)$/, /^tests\//,
    /^infra\/(guides|template)\//, /^infra\/config\/REFERENCE\.md$/, /^infra\/cli\/(?!capture\/)/, /^components\/(.+\/)?[A-Z]+\.md$/,
];

/** The files that only some stacks are made from. */
const parts: readonly { files: RegExp; uses: (file: RegExpExecArray, settings: NonNullable<Candidate["settings"]>) => boolean }[] = [
    { files: /^components\/cluster\/(kind|minikube|baremetal|eks|gke|aks)\//, uses: ([, target], { cluster }) => cluster.target === target },
    { files: /^infra\/images\/web\//, uses: (_, { app }) => app?.type === "wordpress" },
];

/**
 * The stacks that a change of these files can touch: those whose own file or code is among them, and those on the clusters
 * of such stacks. If in doubt, a stack is touched.
 */
export function affectedStacks(files: readonly string[], candidates: readonly Candidate[]): string[] {
    const touched = new Set(candidates.filter(({ stack, settings }) => files.some(file => touches(file, stack, settings)))
        .map(({ stack }) => stack));
    for (let before = -1; before !== touched.size;) {
        before = touched.size;
        for (const { stack, settings } of candidates) if (touched.has(baseOf(settings) ?? "")) touched.add(stack);
    }
    return candidates.map(({ stack }) => stack).filter(stack => touched.has(stack));
}

function touches(file: string, stack: string, settings: Candidate["settings"]): boolean {
    const [, own] = /^Pulumi\.(.+)\.yaml$/.exec(file) ?? [];
    if (own !== undefined) return own === stack || own === baseOf(settings);
    if (settings?.app?.type === "services" && directoriesIn(settings.app).some(directory => isIn(file, directory))) return true;
    if (outside.some(pattern => pattern.test(file))) return false;
    if (!settings) return true;
    for (const { files, uses } of parts) {
        const found = files.exec(file);
        if (found) return uses(found, settings);
    }
    return true;
}

/** What in the settings may be a directory that an image is built from, or a file in one, relative to the project. */
function directoriesIn(value: unknown): string[] {
    if (typeof value === "object" && value !== null) return Object.values(value).flatMap(directoriesIn);
    if (typeof value !== "string" || value.length > 500) return [];
    return [path.relative(root, path.resolve(root, value)).split(path.sep).join("/")];
}

function isIn(file: string, directory: string): boolean {
    return directory === "" || file === directory || file.startsWith(`${directory}/`);
}

/** The stack on whose cluster another one is. */
function baseOf(settings: Candidate["settings"]): string | undefined {
    return settings?.cluster.target === "existing" ? settings.cluster.stack?.split("/").pop() : undefined;
}

/**
 * The files that differ between a revision's common ancestor with HEAD and the working directory, those that git doesn't
 * know yet too; undefined if git can't tell, as in a shallow clone.
 */
export async function changedFiles(base: string, directory = root): Promise<string[] | undefined> {
    const git = async (...args: string[]): Promise<string> => run("git", ["-C", directory, ...args]);
    try {
        const ancestor = await git("merge-base", "--end-of-options", base, "HEAD");
        const [changed, added] = await Promise.all([
            git("diff", "--name-only", "--no-renames", "-z", "--relative", ancestor, "--"),
            git("ls-files", "--others", "--exclude-standard", "-z"),
        ]);
        return [...new Set(`${changed}\0${added}`.split("\0").filter(Boolean))];
    } catch {
        return undefined;
    }
}
