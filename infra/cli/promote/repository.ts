import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { root } from "../stack/home";
import { UserError } from "../terminal/errors";

/** The repository of the program, as far as a promotion needs it. */
export interface Repository {
    directory: string;
    /** Hash of the checked-out commit. */
    commit: string;
    /** Who works in it, as commits name people; undefined if Git doesn't know. */
    author?: string;
}

/**
 * The checked-out commit.
 * @param needed files that must not be ignored, if they exist
 * @throws UserError if what is on disk isn't a commit, or if others can't get it
 */
export function pushedCommit(directory = root, needed: string[] = []): Repository {
    const commit = attempt(directory, "rev-parse", "--verify", "HEAD");
    if (commit === undefined) {
        throw refusal(`${directory} isn't a Git repository with a commit, so nobody could say what was promoted.`, "Commit it, and push it: git init, git add ., git commit, then git push");
    }
    const changed = lines(git(directory, "status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=none"));
    if (changed.length > 0) {
        const shown = changed.slice(0, 10).map(line => `  ${line}`).join("\n");
        const more = changed.length > 10 ? `\n  and ${changed.length - 10} more` : "";
        throw refusal(
            `${directory} has changes that no commit contains:\n${shown}${more}`,
            "Commit and push them, or set them aside: git stash --include-untracked",
        );
    }
    const ignored = needed.filter(file => fs.existsSync(file) && attempt(directory, "check-ignore", "--quiet", "--", file) !== undefined)
        .map(file => path.relative(directory, file));
    if (ignored.length > 0) {
        throw refusal(
            `Git ignores ${ignored.join(" and ")} (.gitignore), so no commit contains it.`,
            `Commit and push it: git add --force ${ignored.join(" ")}, git commit, then git push`,
        );
    }
    const unseen = hiddenFiles(directory);
    if (unseen.length > 0) {
        throw refusal(
            `Git was told not to look for changes in ${unseen.slice(0, 10).join(", ")}, so it can't be said whether a commit contains them as they are.`,
            `Let it look: git update-index --no-assume-unchanged --no-skip-worktree ${unseen.slice(0, 10).join(" ")}`,
        );
    }
    if (lines(git(directory, "branch", "--remotes", "--contains", commit, "--format=%(refname)")).length === 0) {
        throw refusal(
            `No branch of a remote contains the commit ${commit.slice(0, 12)}, as far as this clone knows: others couldn't get what is promoted.`,
            "Push it: git push. If it is pushed already: git fetch",
        );
    }
    const author = [attempt(directory, "config", "user.name"), attempt(directory, "config", "user.email")].filter(Boolean);
    return { directory, commit, ...(author.length > 0 && { author: author.join(" ") }) };
}

/** Files marked as unchanged whatever they contain. Those that a sparse checkout leaves out have the mark too, but don't exist. */
function hiddenFiles(directory: string): string[] {
    const marked = git(directory, "ls-files", "-v", "-z").split("\0").filter(line => /^([a-z]|S) /.test(line));
    return marked.map(line => line.slice(2)).filter(file => fs.existsSync(path.join(directory, file)));
}

/** Where one commit is, seen from another. */
type Direction = "same" | "forwards" | "backwards" | "sideways" | "unknown";

/** Whether going from one commit to another is going forwards in history. Unknown if this clone doesn't have the first. */
export function direction({ directory }: Pick<Repository, "directory">, from: string, to: string): Direction {
    if (from === to) return "same";
    if (attempt(directory, "cat-file", "-e", `${from}^{commit}`) === undefined) return "unknown";
    const contains = (older: string, newer: string) => attempt(directory, "merge-base", "--is-ancestor", older, newer) !== undefined;
    if (contains(from, to)) return "forwards";
    return contains(to, from) ? "backwards" : "sideways";
}

function refusal(problem: string, action: string): UserError {
    return new UserError(`${problem}\n${action}\nNothing was changed.`);
}

function git(directory: string, ...args: string[]): string {
    try {
        return execFileSync("git", args, { cwd: directory, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], windowsHide: true, maxBuffer: 64 << 20 }).trimEnd();
    } catch (error) {
        const { stderr, code } = error as { stderr?: string; code?: string };
        if (code === "ENOENT") throw refusal("Git isn't installed, or not on PATH.", "Install it: https://git-scm.com/downloads");
        throw new UserError(`git ${args[0]} failed in ${directory}: ${String(stderr).trim()}\nNothing was changed.`);
    }
}

/** The output; undefined if Git says no. */
function attempt(directory: string, ...args: string[]): string | undefined {
    try {
        return git(directory, ...args);
    } catch (error) {
        if (error instanceof UserError && error.message.startsWith("Git isn't")) throw error;
        return undefined;
    }
}

function lines(text: string): string[] {
    return text.split("\n").filter(line => line.trim() !== "");
}
