import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { direction, pushedCommit } from "../../../../../infra/cli/promote/repository";

let directory: string;
let clone: string;
const git = (...args: string[]) => execFileSync("git", args, { cwd: clone, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
function commit(name: string): string {
    fs.writeFileSync(path.join(clone, name), name);
    git("add", ".");
    git("commit", "--quiet", "--message", name);
    return git("rev-parse", "HEAD");
}

beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall promote-"));
    // Neither the user's own settings nor a repository around it.
    vi.stubEnv("GIT_CONFIG_GLOBAL", "/dev/null");
    vi.stubEnv("GIT_CEILING_DIRECTORIES", directory);
    clone = directory;
    git("init", "--quiet", "--bare", "--initial-branch=main", "origin.git");
    git("clone", "--quiet", "origin.git", "clone");
    clone = path.join(directory, "clone");
    git("config", "user.name", "Jane Doe");
    git("config", "user.email", "jane@example.com");
    git("switch", "--quiet", "--create", "main");
});
afterEach(() => {
    vi.unstubAllEnvs();
    fs.rmSync(directory, { recursive: true, force: true });
});

describe("what is promoted", () => {
    it("is a commit that a remote has, by the person that Git knows", () => {
        const hash = commit("a");
        git("push", "--quiet", "origin", "main");
        expect(pushedCommit(clone)).toEqual({ directory: clone, commit: hash, author: "Jane Doe jane@example.com" });
    });

    it("may be an older commit or a detached one, as CI checks it out", () => {
        const hash = commit("a");
        commit("b");
        git("push", "--quiet", "origin", "main");
        git("switch", "--quiet", "--detach", hash);
        expect(pushedCommit(clone).commit).toBe(hash);
    });

    it.each<[string, () => void, RegExp]>([
        ["a changed file", () => fs.writeFileSync(path.join(clone, "a"), "other"), / M a\b.*git stash/s],
        ["a new file", () => fs.writeFileSync(path.join(clone, "new.txt"), ""), /\?\? new\.txt/],
        ["a file that is only staged", () => { fs.writeFileSync(path.join(clone, "s"), ""); git("add", "s"); }, /A {2}s/],
        ["a deleted file", () => fs.rmSync(path.join(clone, "a")), / D a/],
        ["a changed file that Git was told to take for unchanged", () => { git("update-index", "--assume-unchanged", "a"); fs.writeFileSync(path.join(clone, "a"), "other"); }, /told not to look for changes in a,/],
        ["a changed file that Git was told to skip", () => { git("update-index", "--skip-worktree", "a"); fs.writeFileSync(path.join(clone, "a"), "other"); }, /told not to look for changes in a,/],
        ["a commit that isn't pushed", () => commit("b"), /No branch of a remote contains the commit [0-9a-f]{12}.*git push/s],
        ["a commit on a branch of its own", () => { git("switch", "--quiet", "--create", "other"); commit("b"); }, /No branch of a remote/],
    ])("is refused with %s", (_, change, message) => {
        commit("a");
        git("push", "--quiet", "origin", "main");
        change();
        expect(() => pushedCommit(clone)).toThrow(message);
        expect(() => pushedCommit(clone)).toThrow(/Nothing was changed/);
    });

    it("is refused with a stack's file that Git ignores, unless a commit contains it", () => {
        fs.writeFileSync(path.join(clone, ".gitignore"), "Pulumi.*.yaml\n");
        commit("a");
        git("push", "--quiet", "origin", "main");
        const file = path.join(clone, "Pulumi.prod.yaml");
        expect(() => pushedCommit(clone, [file])).not.toThrow();
        fs.writeFileSync(file, "");
        expect(() => pushedCommit(clone, [file])).toThrow(/Git ignores .*Pulumi\.prod\.yaml .*git add --force.*Nothing was changed/s);
        git("add", "--force", file);
        git("commit", "--quiet", "--message", "prod");
        git("push", "--quiet", "origin", "main");
        expect(() => pushedCommit(clone, [file])).not.toThrow();
    });

    it("may be checked out in part", () => {
        fs.mkdirSync(path.join(clone, "elsewhere"));
        commit("a");
        commit("elsewhere/b");
        git("push", "--quiet", "origin", "main");
        git("sparse-checkout", "set", "--no-cone", "/a");
        expect(fs.existsSync(path.join(clone, "elsewhere/b"))).toBe(false);
        expect(() => pushedCommit(clone)).not.toThrow();
    });

    it("is no commit that was only ever a tag or a local branch", () => {
        commit("a");
        git("push", "--quiet", "origin", "main");
        commit("b");
        git("tag", "v1");
        git("branch", "kept");
        expect(() => pushedCommit(clone)).toThrow(/No branch of a remote/);
    });

    it("is nothing without a repository", () => {
        const bare = fs.mkdtempSync(path.join(directory, "none"));
        expect(() => pushedCommit(bare)).toThrow(/isn't a Git repository/);
    });
});

describe("from one commit to another", () => {
    it("is forwards, backwards, aside, or unknown to this clone", () => {
        const one = commit("a");
        const two = commit("b");
        git("switch", "--quiet", "--create", "other", one);
        const aside = commit("c");
        const at = (from: string, to: string) => direction({ directory: clone }, from, to);
        expect([at(one, one), at(one, two), at(two, one), at(two, aside), at("0".repeat(40), two)])
            .toEqual(["same", "forwards", "backwards", "sideways", "unknown"]);
    });
});
