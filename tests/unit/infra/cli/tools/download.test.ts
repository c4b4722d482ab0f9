import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { waitForAnswer } from "../../../../../infra/cli/start/answer";
import { downloadProgram } from "../../../../../infra/cli/tools/download";
import { atLeast, goPlatform, parseVersion } from "../../../../../infra/cli/tools/programs";

let server: http.Server;
let url: string;
let answers: Record<string, { status?: number; body?: string; location?: string; cut?: boolean }>;
let hosts: (string | undefined)[];

beforeEach(async () => {
    answers = {};
    hosts = [];
    server = http.createServer((request, response) => {
        hosts.push(request.headers.host);
        const { status = 200, body = "", location, cut } = answers[request.url ?? ""] ?? { status: 404 };
        if (cut) response.writeHead(200, { "Content-Length": body.length + 1 });
        else response.writeHead(status, location ? { location } : {});
        response.write(body, () => (cut ? response.destroy() : response.end()));
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise(resolve => {
    server.close(resolve);
    server.closeAllConnections();
}));

describe("a program's download", () => {
    const body = "#!/bin/sh\necho kind v0.33.0\n";
    const checksum = createHash("sha256").update(body).digest("hex");
    let directory: string;
    let file: string;

    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
        file = path.join(directory, "bin", "kind");
    });
    afterEach(() => fs.rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));

    const download = (): Promise<void> => downloadProgram(`${url}/kind`, `${url}/kind.sha256sum`, file);
    const left = (): string[] => (fs.existsSync(path.dirname(file)) ? fs.readdirSync(path.dirname(file)) : []);

    it("is kept and made executable where its checksum is right, also behind a redirection", async () => {
        answers = {
            "/kind": { status: 302, location: "/release" },
            "/release": { body },
            "/kind.sha256sum": { body: `${checksum}  kind-linux-amd64\n` },
        };
        await download();
        expect(fs.readFileSync(file, "utf8")).toBe(body);
        if (process.platform !== "win32") expect(fs.statSync(file).mode & 0o777).toBe(0o755);
    });

    it("is refused and removed where its checksum is wrong", async () => {
        answers = { "/kind": { body: `${body}evil` }, "/kind.sha256sum": { body: checksum } };
        await expect(download()).rejects.toThrow(/was not what its publisher released: its SHA-256 is [0-9a-f]{64}/);
        expect(left()).toEqual([]);
    });

    it.each([
        ["is refused without a checksum", { "/kind": { body } }, "404"],
        ["is refused with a checksum that is none", { "/kind": { body }, "/kind.sha256sum": { body: "<html>" } },
            "does not begin with a SHA-256"],
        // Windows may tell of the end before the headers have come.
        ["leaves nothing when it breaks off", { "/kind": { body, cut: true }, "/kind.sha256sum": { body: checksum } },
            /broke off|Could not download/],
        ["says where it was not", { "/kind.sha256sum": { body: checksum } }, "/kind: 404"],
    ])("%s", async (_, given, message) => {
        answers = given;
        await expect(download()).rejects.toThrow(message);
        expect(left()).toEqual([]);
    });

    it("says why nobody was reached, also where each of a host's addresses failed", async () => {
        const cause = Object.assign(new AggregateError([new Error("a"), new Error("b")]), { code: "ECONNREFUSED" });
        vi.stubGlobal("fetch", () => Promise.reject(new TypeError("fetch failed", { cause })));
        await expect(download().finally(() => vi.unstubAllGlobals())).rejects.toThrow(/^Could not download \S+: ECONNREFUSED\.$/);
    });

    it("does not replace the one that is there by a wrong one", async () => {
        fs.mkdirSync(path.dirname(file));
        fs.writeFileSync(file, "old");
        answers = { "/kind": { body: "evil" }, "/kind.sha256sum": { body: checksum } };
        await expect(download()).rejects.toThrow();
        expect(fs.readFileSync(file, "utf8")).toBe("old");
    });
});

describe("a version", () => {
    it.each([
        ["kind v0.33.0 go1.26.8 linux/amd64", true],
        ["kind v0.33.2-alpha+1", true],
        ["v1.0.0", true],
        ["kind v0.32.9", false],
        ["unknown", false],
    ])("%s is at least 0.33: %s", (text, wanted) => {
        expect(atLeast(parseVersion(text), [0, 33, 0])).toBe(wanted);
    });
});

describe("a release's platform", () => {
    it.each<[NodeJS.Platform, string, string]>([
        ["win32", "arm64", "windows-amd64"], ["win32", "x64", "windows-amd64"], ["darwin", "arm64", "darwin-arm64"], ["linux", "x64", "linux-amd64"],
    ])("of %s on %s is %s", (platform, processor, expected) => {
        const { os, arch } = goPlatform(platform, processor);
        expect(`${os}-${arch}`).toBe(expected);
    });
});

describe("the site's answer", () => {
    const site = (): string => url.replace("127.0.0.1", "wordpress.localhost");

    it("is asked of 127.0.0.1 under the site's name", async () => {
        answers = { "/": { body: "hello" } };
        expect(await waitForAnswer(site(), { local: true })).toEqual({ answers: true, last: "200" });
        expect(hosts).toEqual([new URL(site()).host]);
    });

    it("may be a redirection, and is waited for", async () => {
        answers = { "/": { status: 503 } };
        const answer = waitForAnswer(site(), { local: true });
        await vi.waitFor(() => expect(hosts).not.toEqual([]), { timeout: 60_000 });
        answers = { "/": { status: 302, location: "/x" } };
        expect(await answer).toEqual({ answers: true, last: "302" });
        expect(hosts.length).toBeGreaterThan(1);
    });

    it("is given up in time, with what came last", async () => {
        answers = { "/": { status: 500 } };
        expect(await waitForAnswer(site(), { local: true }, undefined, 10)).toEqual({ answers: false, last: "500" });
        const nobody = "http://wordpress.localhost:1";
        expect((await waitForAnswer(nobody, { local: true }, undefined, 10)).last).toContain("ECONNREFUSED");
    });

    it("is not waited for under a name that does not resolve", async () => {
        const answer = await waitForAnswer("http://www.example.invalid/", { local: false });
        expect(answer).toEqual({ answers: false, last: "the name www.example.invalid does not resolve yet" });
    });
});
