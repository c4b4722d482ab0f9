import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { UserError } from "../terminal/errors";

const seconds = 60;

/** A repository whose branches have environments. */
export interface Repository {
    /** A directory of a clone of it. */
    directory: string;
    /** What git asks for its branches: the name of a remote, or a path. */
    remote: string;
    /** The same in every clone, whatever protocol it uses. @example "github.com/acme/shop" */
    identity: string;
}

/** Finds the repository of a directory: that of its remote, named or by its address, or without any remote the directory's own. */
export async function findRepository(directory: string, remote = "origin"): Promise<Repository> {
    if (/[/\\:]/.test(remote)) return { directory, remote, identity: identify(remote, directory) };
    const own = await git(directory, "rev-parse", "--path-format=absolute", "--git-common-dir").catch((error: Error) => {
        throw new UserError(`${directory} is no git repository: ${error.message}. Nothing was changed.`);
    });
    const url = await git(directory, "config", "--get", `remote.${remote}.url`).catch(() => "");
    if (url !== "") return { directory, remote, identity: identify(url, directory) };
    const remotes = await git(directory, "remote");
    if (remotes === "") return { directory, remote: own, identity: identify(own, directory) };
    throw new UserError(`The repository has no remote "${remote}". Name one by --remote: ${remotes.split("\n").join(", ")}. Nothing was changed.`);
}

/** The repository that a URL leads to, without protocol, login and the ports that everybody uses. */
export function identify(url: string, directory = "."): string {
    const [, scpHost, scpPath] = /^(?:[^@/:]+@)?([^/:]{2,}):(?!\/\/)(.+)$/.exec(url) ?? [];
    if (scpHost) return joined(scpHost, scpPath);
    if (/^(https?|ssh|git):\/\//.test(url)) {
        if (!URL.canParse(url)) throw new UserError(`"${url.replace(/\/\/[^/@]*@/, "//")}" is no address of a repository. Nothing was changed.`);
        const { hostname, port, pathname } = new URL(url);
        return joined(["", "22", "80", "443", "9418"].includes(port) ? hostname : `${hostname}:${port}`, decodeURIComponent(pathname));
    }
    const file = path.resolve(directory, url.replace(/^file:\/\/(?:\/(?=[A-Za-z]:))?/, ""));
    return withoutEnd(fs.existsSync(file) ? fs.realpathSync(file) : file);
}

function joined(host: string, where: string): string {
    return `${host.toLowerCase()}/${withoutEnd(where.replace(/^\/+/, ""))}`;
}

function withoutEnd(where: string): string {
    return where.replace(/[\\/]+$/, "").replace(/(?<=[^\\/])\.git$/, "");
}

/** The branch that is checked out. */
export async function currentBranch(directory: string): Promise<string> {
    // Not --short: where a tag has the same name, that is heads/NAME.
    const ref = await git(directory, "symbolic-ref", "--quiet", "HEAD").catch(() => {
        throw new UserError("No branch is checked out here, as is usual in CI. Name it: npm run branch -- up feature/x. Nothing was changed.");
    });
    return ref.replace(/^refs\/heads\//, "");
}

/** @throws UserError for what git doesn't accept as the name of a branch */
export async function checkBranch(directory: string, branch: string): Promise<void> {
    await git(directory, "check-ref-format", `refs/heads/${branch}`).catch(() => {
        throw new UserError(`"${branch}" can't be the name of a branch. Nothing was changed.`);
    });
    if (branch.startsWith("-")) throw new UserError(`"${branch}" can't be the name of a branch: it begins with "-". Nothing was changed.`);
}

/**
 * The branches of the remote, which it is asked for: a clone may have only some, or old ones.
 * @throws UserError if it doesn't say, or has none
 */
export async function branchesOf({ directory, remote, identity }: Repository): Promise<Set<string>> {
    const listed = await git(directory, "ls-remote", "--heads", "--", remote).catch((error: Error) => {
        throw new UserError(`The branches of ${identity} can't be listed: ${error.message}. Nothing was removed.`);
    });
    const lines = listed.split("\n").filter(line => line !== "");
    const branches = lines.map(line => /^[0-9a-f]{40,64}\trefs\/heads\/(.+)$/.exec(line)?.[1]);
    const odd = branches.indexOf(undefined);
    if (odd >= 0) throw new UserError(`The branches of ${identity} can't be listed: git says "${lines[odd]}". Nothing was removed.`);
    if (branches.length === 0) throw new UserError(`${identity} has no branch at all, which is hardly intended. Nothing was removed.`);
    return new Set(branches as string[]);
}

/** Whether the remote has the branch; false if it doesn't say. */
export async function isOnRemote({ directory, remote }: Repository, branch: string): Promise<boolean> {
    const ref = `refs/heads/${branch}`;
    const listed = await git(directory, "ls-remote", "--heads", "--", remote, ref).catch(() => "");
    return listed.split("\n").some(line => line.endsWith(`\t${ref}`));
}

/** What git prints. It never asks for a login: where nobody sits, that would wait forever. */
async function git(directory: string, ...args: string[]): Promise<string> {
    const env = { ...process.env, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" };
    const options = { cwd: directory, env, timeout: seconds * 1000, maxBuffer: 64 << 20, windowsHide: true };
    try {
        return (await promisify(execFile)("git", args, options)).stdout.replace(/\r?\n$/, "");
    } catch (error) {
        const { stderr, message, killed } = error as Error & { stderr?: string; killed?: boolean };
        throw new Error(killed ? `git ${args[0]} took more than ${seconds} s` : (stderr?.trim() || message).split("\n").slice(0, 5).join(" "));
    }
}
