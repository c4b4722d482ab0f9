import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { archiveOf, bundleProblems, openBundle, partsFor } from "../../../../../../components/cluster/baremetal/operator/bundle";

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
        expect(await openBundle(at("b.tar"), { rehash: true })).toBe(first);
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

test("is sent without the files that a Mac's tar would add", () => {
    expect(archiveOf(at("bundle"), ["images/kit.tar"])).toEqual({
        program: "tar", args: ["-c", "-f", "-", "-C", at("bundle"), "images/kit.tar"], env: { COPYFILE_DISABLE: "1" },
    });
});

describe("an offline bundle", () => {
    let directory: string;
    const put = (name: string, text: string): void => {
        fs.mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
        fs.writeFileSync(path.join(directory, name), text);
    };
    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall bundle "));
        const files = ["bin/amd64/kubelet", "cni/amd64/ptp", "images/kit.tar", "images/control-plane/kit.tar",
            "images/workloads/kit.tar", "packages/debian-13-amd64/a_1%3a2.deb",
            "packages/ubuntu-24.04-arm64/a.deb", "version/v1.36.3"];
        files.forEach(name => put(name, name));
        const digest = (name: string) => createHash("sha256").update(name).digest("hex");
        put("SHA256SUMS", files.map(name => `${digest(name)}  ${name}\n`).join(""));
    });
    afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));
    const problems = (version = "v1.36.3", systems = ["debian-13-amd64"]) => bundleProblems(directory, version, systems);

    test("that is whole has no problem", async () => {
        expect(await problems()).toEqual([]);
    });

    test.each<["control-plane" | "worker", boolean, string[]]>([
        ["control-plane", true, ["images/kit.tar", "images/control-plane/kit.tar"]],
        ["control-plane", false, ["images/kit.tar", "images/control-plane/kit.tar", "images/workloads/kit.tar"]],
        ["worker", true, ["images/kit.tar", "images/workloads/kit.tar"]],
    ])("has for a %s (workers beside it: %s) its own part", (role, tainted, images) => {
        expect(partsFor(directory, "debian-13-amd64", { role, tainted }).map(({ name }) => name)).toEqual(
            ["bin/amd64/kubelet", "cni/amd64/ptp", ...images, "packages/debian-13-amd64/a_1%3a2.deb"]);
    });

    test.each<[string, () => void, RegExp]>([
        ["incomplete", () => fs.rmSync(path.join(directory, "images/kit.tar")), /is incomplete: images\/kit\.tar is missing/],
        ["altered", () => put("bin/amd64/kubelet", "another"), /was altered: bin\/amd64\/kubelet has the SHA-256/],
        ["none", () => fs.rmSync(path.join(directory, "SHA256SUMS")), /has no SHA256SUMS/],
    ])("that is %s is refused", async (_, spoil, message) => {
        spoil();
        expect((await problems()).join("\n")).toMatch(message);
    });

    test("that lost its checksums after the first check is no bundle without parts", () => {
        fs.rmSync(path.join(directory, "SHA256SUMS"));
        expect(() => partsFor(directory, "debian-13-amd64", { role: "worker" })).toThrow(/has no SHA256SUMS: is .* the right directory/);
    });

    test("for another version, system or architecture is refused", async () => {
        expect((await problems("v1.36.4")).join()).toMatch(/holds Kubernetes v1\.36\.3, and .*kubernetesVersion is v1\.36\.4/);
        expect((await problems("v1.36.3", ["debian-12-amd64"])).join()).toMatch(/no packages for debian-12-amd64/);
        expect((await problems("v1.36.3", ["ubuntu-24.04-arm64"])).join()).toMatch(/no programs for arm64/);
    });
});
