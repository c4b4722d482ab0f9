import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { branchesOf, checkBranch, currentBranch, findRepository, identify, isOnRemote } from "../../../../../infra/cli/branch/git";

let directory: string;
let clone: string;
let remote: string;

const git = (where: string, ...args: string[]): string => execFileSync("git", ["-C", where, ...args], { encoding: "utf8", stdio: "pipe" }).trim();

beforeEach(() => {
    directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "landfall test ")));
    [clone, remote] = [path.join(directory, "a clone"), path.join(directory, "remote.git")];
    execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", remote]);
    execFileSync("git", ["init", "--quiet", "--initial-branch=main", clone]);
    git(clone, "remote", "add", "origin", remote);
    git(clone, "-c", "user.name=Jane", "-c", "user.email=jane@example.com", "commit", "--quiet", "--allow-empty", "--message=first");
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

const refusal = (work: Promise<unknown>): Promise<string> => work.then(() => "accepted", (error: Error) => error.message);

describe("a repository", () => {
    it.each([
        "https://github.com/acme/shop", "https://github.com/acme/shop.git", "https://token:x@GitHub.com:443/acme/shop/", "ssh://git@github.com/acme/shop.git",
        "ssh://git@github.com:22/acme/shop", "git@github.com:acme/shop.git", "github.com:acme/shop", "git://github.com/acme/shop.git",
    ])("is the same by whatever address: %s", url => expect(identify(url)).toBe("github.com/acme/shop"));

    it.each(["https://gitlab.com/acme/shop", "https://github.com/acme/shop2", "https://github.com:8443/acme/shop", "https://github.com/other/shop", "/acme/shop"])(
        "is another elsewhere: %s", url => expect(identify(url)).not.toBe("github.com/acme/shop"));

    it.skipIf(process.platform !== "win32")("of this computer has a drive", () => {
        expect(identify("file:///C:/repos/shop.git")).toBe("C:\\repos\\shop");
    });

    it("has no login in its identity", () => {
        expect(identify("https://jane:secret@example.com/a/b.git")).not.toMatch(/jane|secret/);
    });

    it("is refused by a broken address; the message leaves out its login", () => {
        expect(() => identify("ssh://git:hunter2@host:owner/repo")).toThrow(/"ssh:\/\/host:owner\/repo" is no address of a repository/);
    });

    it("is its remote's, in a clone and in a worktree", async () => {
        git(clone, "worktree", "add", "--quiet", "-b", "other", path.join(directory, "tree"));
        const found = await findRepository(clone);
        expect(found.identity).toBe(path.join(directory, "remote"));
        expect((await findRepository(path.join(directory, "tree"))).identity).toBe(found.identity);
        expect((await findRepository(clone, `file://${remote}`)).identity).toBe(found.identity);
    });

    it("is its own without a remote, and its local branches count", async () => {
        git(clone, "remote", "remove", "origin");
        const found = await findRepository(clone);
        expect(found.identity).toBe(path.join(clone, ".git"));
        expect(await branchesOf(found)).toEqual(new Set(["main"]));
    });

    it("must be one, and have the remote", async () => {
        expect(await refusal(findRepository(directory))).toMatch(/is no git repository.*Nothing was changed/s);
        expect(await refusal(findRepository(clone, "upstream"))).toMatch(/no remote "upstream".*: origin\. Nothing was changed/);
    });
});

describe("the branches", () => {
    it("are those of the remote, also for a clone that has only one of them, and not its last commits", async () => {
        for (const branch of ["main", "feature/x", "für/ä"]) git(clone, "push", "--quiet", "origin", `main:refs/heads/${branch}`);
        git(clone, "push", "--quiet", "origin", "main:refs/tags/v1", "main:refs/pull/1/head");
        const shallow = path.join(directory, "shallow");
        execFileSync("git", ["clone", "--quiet", "--depth=1", "--single-branch", `file://${remote}`, shallow]);
        const branches = new Set(["main", "feature/x", "für/ä"]);
        expect(await branchesOf(await findRepository(shallow))).toEqual(branches);
        git(clone, "push", "--quiet", "origin", ":refs/heads/feature/x");
        // The clone still believes in it.
        git(clone, "update-ref", "refs/remotes/origin/feature/x", "main");
        expect(await branchesOf(await findRepository(clone))).toEqual(new Set(["main", "für/ä"]));
        expect(await isOnRemote(await findRepository(clone), "feature/x")).toBe(false);
        expect(await isOnRemote(await findRepository(clone), "x")).toBe(false);
        expect(await isOnRemote(await findRepository(clone), "main")).toBe(true);
    });

    it("of a remote that is empty, gone, or no repository are unknown, not none", async () => {
        const repository = await findRepository(clone);
        expect(await refusal(branchesOf(repository))).toMatch(/has no branch at all.*Nothing was removed/);
        fs.rmSync(remote, { recursive: true });
        expect(await refusal(branchesOf(repository))).toMatch(/can't be listed.*Nothing was removed/s);
        expect(await isOnRemote(repository, "main")).toBe(false);
        fs.mkdirSync(remote);
        expect(await refusal(branchesOf(repository))).toMatch(/can't be listed.*Nothing was removed/s);
    });

    it("are named by what is checked out, else by hand", async () => {
        git(clone, "checkout", "--quiet", "-b", "Feature/X");
        expect(await currentBranch(clone)).toBe("Feature/X");
        git(clone, "tag", "Feature/X");
        expect(await currentBranch(clone)).toBe("Feature/X");
        git(clone, "checkout", "--quiet", "--detach");
        expect(await refusal(currentBranch(clone))).toMatch(/No branch is checked out.*npm run branch -- up/);
    });

    it.each(["a..b", "a b", "a~", "a/", "-x", "@{", "", "a.lock"])("can't be called so: %s", async branch => {
        expect(await refusal(checkBranch(clone, branch))).toMatch(/can't be the name of a branch.*Nothing was changed/);
    });
    it.each(["a/b", "ä", "A", "x.y", "1"])("can be called so: %s", async branch => {
        expect(await refusal(checkBranch(clone, branch))).toBe("accepted");
    });
});
