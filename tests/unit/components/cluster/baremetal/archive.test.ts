import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openBundle } from "../../../../../components/cluster/baremetal/operator/archive";

let directory: string;
const at = (...names: string[]) => path.join(directory, ...names);
const tar = (...args: string[]) => execFileSync("tar", args, { cwd: directory, stdio: ["ignore", "pipe", "ignore"] });
const unpacked = () => fs.readdirSync(at("cache", "bundles")).filter(name => name !== "digests.json");

beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall archive "));
    vi.stubEnv("LANDFALL_CACHE", at("cache"));
    fs.mkdirSync(at("bundle", "images"), { recursive: true });
    fs.writeFileSync(at("bundle", "SHA256SUMS"), "sums\n");
    fs.writeFileSync(at("bundle", "images", "kit.tar"), Buffer.alloc(200_000, "kit"));
});
afterEach(() => {
    vi.unstubAllEnvs();
    fs.rmSync(directory, { recursive: true });
});

describe("a bundle", () => {
    test("that is a directory is used as it is", async () => {
        expect(await openBundle(at("bundle"))).toBe(at("bundle"));
    });

    test.each<[string, string[]]>([
        ["of what is in the directory", ["-c", "-f", "b.tar", "-C", "bundle", "."]],
        ["of the directory", ["-c", "-f", "b.tar", "bundle"]],
        ["compressed", ["-c", "-z", "-f", "b.tar", "-C", "bundle", "."]],
    ])("that is an archive %s is unpacked once, under its digest", async (_, args) => {
        tar(...args);
        const [first, second] = await Promise.all([openBundle(at("b.tar")), openBundle(at("b.tar"))]);
        expect(second).toBe(first);
        expect(fs.readFileSync(path.join(first, "SHA256SUMS"), "utf8")).toBe("sums\n");
        expect(fs.statSync(path.join(first, "images", "kit.tar")).size).toBe(200_000);
        expect(unpacked()).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)]);
        fs.writeFileSync(path.join(first, "seen"), "");
        expect(await openBundle(at("b.tar"), { anew: true })).toBe(first);
        expect(fs.existsSync(path.join(first, "seen"))).toBe(true);
    });

    test("that was altered is another one, though it has the size and the time of before", async () => {
        tar("-c", "-f", "b.tar", "-C", "bundle", ".");
        const first = await openBundle(at("b.tar"));
        const { atime, mtime } = fs.statSync(at("b.tar"));
        const content = fs.readFileSync(at("b.tar"));
        content.write("evil", content.indexOf("sums\n"));
        fs.writeFileSync(at("b.tar"), content);
        fs.utimesSync(at("b.tar"), atime, mtime);
        const second = await openBundle(at("b.tar"));
        expect(second).not.toBe(first);
        expect(fs.readFileSync(path.join(second, "SHA256SUMS"), "utf8")).toBe("evil\n");
    });

    test.each<[string, () => void, RegExp]>([
        ["missing", () => undefined, /there is no .*b\.tar/],
        ["something else", () => fs.writeFileSync(at("b.tar"), "PK"), /neither a directory nor a \.tar/],
        ["cut short", () => {
            tar("-c", "-f", "b.tar", "bundle");
            fs.truncateSync(at("b.tar"), 100_000);
        }, /can't be unpacked: is it whole\?/],
        ["compressed and cut short", () => {
            tar("-c", "-z", "-f", "b.tar", "bundle");
            fs.truncateSync(at("b.tar"), fs.statSync(at("b.tar")).size - 50);
        }, /can't be unpacked: is it whole\?/],
        ["out of its directory", () => tar("-c", "-P", "-f", "b.tar", "bundle/../bundle/SHA256SUMS"), /holds what is no file or directory/],
        ["absolute", () => tar("-c", "-P", "-f", "b.tar", at("bundle", "SHA256SUMS")), /holds what is no file or directory/],
        ["a link", () => {
            fs.symlinkSync("/etc", at("bundle", "etc"));
            tar("-c", "-f", "b.tar", "bundle");
        }, /holds what is no file or directory[\s\S]*etc/],
    ])("that is %s is refused, and leaves nothing", async (_, spoil, message) => {
        spoil();
        await expect(openBundle(at("b.tar"))).rejects.toThrow(message);
        await expect(openBundle(at("b.tar"))).rejects.toThrow(/Nothing was changed/);
        expect(fs.existsSync(at("cache", "bundles")) ? unpacked() : []).toEqual([]);
    });
});
