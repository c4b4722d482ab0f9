import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { main } from "../../../../infra/cli/site";
import { inspectDump } from "../../../../infra/cli/site/dump";
import { framed, openUploads } from "../../../../infra/cli/site/uploads";
import { type Io, Pods, withoutLock } from "../../fixtures/pods";

let directory: string;
const file = (name: string, content: string | Buffer): string => {
    const place = path.join(directory, name);
    fs.writeFileSync(place, content);
    return place;
};
const whole = "-- MariaDB dump 10.20\nCREATE TABLE wp_options (a int);\n-- Dump completed on 2026-11-29\n";

const cluster = new Pods();
beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-site-"));
    file("kubeconfig", await cluster.start());
    fs.mkdirSync(path.join(directory, "uploads/2026"), { recursive: true });
    file("uploads/2026/a.txt", "an upload");
});
afterAll(() => {
    cluster.stop();
    fs.rmSync(directory, { recursive: true });
});
beforeEach(() => {
    cluster.pods = { "web-1": { workload: "web", ready: true }, "database-0": { workload: "database", ready: true } };
});

describe("a dump", () => {
    it.each([["plain", whole], ["gzip", gzipSync(whole)]] as const)("that is whole is taken: %s", async (format, content) => {
        expect(await inspectDump(file("dump", content))).toEqual({ file: path.join(directory, "dump"), bytes: content.length, format });
    });

    it("of another program, which marks no end, is taken", async () => {
        expect(await inspectDump(file("dump", "-- phpMyAdmin SQL Dump\nCREATE TABLE a (b int);"))).toMatchObject({ format: "plain" });
    });

    it.each([
        ["is cut off", whole.slice(0, 60), /isn't "-- Dump completed"/],
        ["is cut off, in gzip", gzipSync(whole + "x".repeat(9999)).subarray(0, 60), /can't be read to its end/],
        ["is cut off before it was compressed", gzipSync(whole.slice(0, 60)), /isn't "-- Dump completed"/],
        ["is empty", "", /is empty/],
        ["is an empty text in gzip", gzipSync(""), /is no SQL/],
        ["is a ZIP archive", Buffer.from("504b030414000000", "hex"), /ZIP archive: unpack it first/],
        ["is an SQLite database", "SQLite format 3\0", /SQLite/],
        ["is some other file", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0]), /is no SQL/],
    ])("that %s is refused", async (_, content, message) => {
        await expect(inspectDump(file("dump", content))).rejects.toThrow(message);
    });

    it("that isn't there is refused, and so is a directory", async () => {
        await expect(inspectDump(path.join(directory, "none"))).rejects.toThrow(/There is no file/);
        await expect(inspectDump(directory)).rejects.toThrow(/There is no file/);
    });
});

describe("uploads", () => {
    const all = async (pieces: AsyncIterable<Buffer>): Promise<Buffer> => {
        const parts: Buffer[] = [];
        for await (const part of pieces) parts.push(part);
        return Buffer.concat(parts);
    };
    const listed = (archive: Buffer) => spawnSync("tar", ["--list", "--file", "-"], { input: archive, encoding: "utf8" }).stdout.trim().split("\n");

    it("of a directory and of an archive of it, in gzip too, are the same files", async () => {
        const archive = await all(openUploads(path.join(directory, "uploads"))());
        expect(listed(archive)).toContain("./2026/a.txt");
        for (const content of [archive, gzipSync(archive)]) {
            expect((await all(openUploads(file("archive", content))())).equals(archive)).toBe(true);
        }
    });

    it.each([
        ["nothing", undefined, /There is no/], ["a ZIP archive", Buffer.from("504b0304", "hex"), /is no archive that tar has made/],
    ])("are refused where they are %s", (_, content, message) => {
        fs.rmSync(path.join(directory, "archive"), { force: true });
        if (content) file("archive", content);
        expect(() => openUploads(path.join(directory, "archive"))).toThrow(message);
    });

    it("that are cut off in gzip end with an error, not with what there was", async () => {
        const archive = gzipSync(await all(openUploads(path.join(directory, "uploads"))()));
        await expect(all(openUploads(file("archive", archive.subarray(0, 100)))())).rejects.toThrow(/can't be read to its end/);
    });

    it("travel in frames, of which the last is empty", async () => {
        async function* pieces(): AsyncGenerator<Buffer> { yield Buffer.from("abc"); yield Buffer.alloc(0); yield Buffer.from("d"); }
        expect((await all(framed(pieces()))).toString("latin1")).toBe("\0\0\0\x03abc\0\0\0\x01d\0\0\0\0");
    });
});

/** Pods that do as infra/images' programs say they do; `fail` names those that don't. */
function pods({ fail = [] as string[], content = {} as Record<string, number> } = {}): { ran: string[]; received: Record<string, Buffer> } {
    const seen = { ran: [] as string[], received: {} as Record<string, Buffer> };
    cluster.run = (io: Io) => {
        const command = withoutLock(io.command).join(" ").replace(/ \d+ (plain|gzip)$/, "").replace(/^tar .*/, "tar");
        seen.ran.push(command);
        const end = (answer?: object): void => {
            if (fail.includes(command)) io.stderr(`${command} went wrong`);
            else if (answer) io.stdout(`landfall:${JSON.stringify(answer)}\n`);
            io.exit(fail.includes(command) ? 7 : 0);
        };
        const receive = (whole: (got: Buffer) => boolean, answer?: object): void => io.onInput(piece => {
            seen.received[command] = Buffer.concat([seen.received[command] ?? Buffer.alloc(0), piece]);
            if (whole(seen.received[command])) end(answer);
        });
        switch (command) {
            case "import-database load": return receive(got => got.length === Number(io.command[2]));
            case "import-site rewrite": return receive(got => got.includes("\n"), {
                from: ["https://old.example.com"], to: "https://new.example.com", rows: 3, administrators: ["jane"], plugins: ["shop/shop.php"], themes: [],
            });
            case "import-site receive-uploads": return receive(got => got.subarray(-4).equals(Buffer.alloc(4)) && got.length > 4 && unframe(got) !== undefined, { files: 1 });
            case "import-site content": return end(content);
            case "export-database": io.stdout(gzipSync(whole)); return end();
            case "tar": io.stdout(gzipSync("archive")); return end();
            default: return end();
        }
    };
    return seen;
}

/** What the frames held; undefined where the last one isn't there yet. */
function unframe(frames: Buffer): Buffer | undefined {
    const parts: Buffer[] = [];
    for (let at = 0; at + 4 <= frames.length;) {
        const length = frames.readUInt32BE(at);
        if (length === 0) return Buffer.concat(parts);
        parts.push(frames.subarray(at + 4, at + 4 + length));
        at += 4 + length;
    }
    return undefined;
}

async function site(...args: string[]): Promise<string> {
    const lines: string[] = [];
    const write = vi.spyOn(process.stdout, "write").mockImplementation(text => { lines.push(String(text)); return true; });
    try {
        expect(await main([...args, "--kubeconfig", path.join(directory, "kubeconfig")])).toBe(0);
    } finally {
        write.mockRestore();
    }
    return lines.join("");
}

describe("an import", () => {
    const args = () => ["import", "--database", file("dump.sql", whole), "--uploads", path.join(directory, "uploads")];
    const load = ["import-database load", "import-site rewrite", "import-site receive-uploads"];
    const exchange = ["import-database swap", "import-site swap-uploads", "install-site"];
    const drop = ["import-database drop", "import-site drop-uploads"];

    it("makes all ready before it exchanges anything, and says what the image lacks", async () => {
        const seen = pods();
        const output = await site(...args(), "--from", "http://www.old.example.com/");
        expect(seen.ran).toEqual(["import-site content", ...load, ...exchange, ...drop]);
        expect(seen.received["import-database load"].toString()).toBe(whole);
        expect(JSON.parse(seen.received["import-site rewrite"].toString())).toEqual({ from: ["http://www.old.example.com"] });
        expect(unframe(seen.received["import-site receive-uploads"])?.includes("an upload")).toBe(true);
        expect(output).toMatch(/plugins that the image lacks: shop\/shop\.php/);
        expect(output).toMatch(/administrators are jane/);
    });

    it("finds the home directory, where the shell left the ~ to it", async () => {
        const missing = path.join("landfall-none", "database.sql.gz");
        await expect(site("import", "~/landfall-none")).rejects.toThrow(`There is no file ${path.join(os.homedir(), missing)}`);
        await expect(site("import", "--database", "~/landfall-none.sql")).rejects.toThrow(path.join(os.homedir(), "landfall-none.sql"));
    });

    it("refuses to replace content unless it is told to", async () => {
        const seen = pods({ content: { "posts and pages": 12, "comments": 0 } });
        await expect(site(...args())).rejects.toThrow(/would replace: 12 posts and pages\. .*--yes\. Nothing was changed/);
        expect(seen.ran).toEqual(["import-site content"]);
        await site(...args(), "--yes");
        expect(seen.ran.slice(1)).toEqual([...load, ...exchange, ...drop]);
    });

    it.each([
        ["import-database load", ["import-database load"], []],
        ["import-site rewrite", load.slice(0, 2), []],
        ["import-site receive-uploads", load, []],
        ["import-database swap", [...load, "import-database swap"], ["import-database undo"]],
        ["import-site swap-uploads", [...load, ...exchange.slice(0, 2)], ["import-site undo-uploads", "import-database undo"]],
        ["install-site", [...load, ...exchange], ["import-site undo-uploads", "import-database undo"]],
    ])("leaves the site as it was where this fails: %s", async (fail, ran, undone) => {
        const seen = pods({ fail: [fail] });
        await expect(site(...args(), "--yes")).rejects.toThrow(`${fail} went wrong\nThe site is as it was.`);
        expect(seen.ran).toEqual([...ran, ...undone, ...drop]);
    });

    it("keeps what it can't put back, and says how to", async () => {
        const seen = pods({ fail: ["install-site", "import-database undo"] });
        await expect(site(...args(), "--yes")).rejects.toThrow(
            /install-site went wrong\nThe old site could not be put back, and is kept.*Don't import again.*import-database undo/);
        expect(seen.ran).toEqual([...load, ...exchange, "import-site undo-uploads", "import-database undo", "import-site drop-uploads"]);
    });

    it("of one part leaves the other alone", async () => {
        const seen = pods();
        await site("import", "--uploads", path.join(directory, "uploads"), "--yes");
        expect(seen.ran).toEqual(["import-site receive-uploads", "import-site swap-uploads", "import-site drop-uploads"]);
    });

    it.each([
        [["import"], /Name export, seed or import/],
        [["import", "a", "--database", "b"], /Name export, seed or import/],
        [["export"], /Name export, seed or import/],
        [["exprot", "a"], /Name export, seed or import/],
        [["import", "a", "--from", "old.example.com"], /has a scheme and a host/],
        [["import", "/nowhere"], /There is no file/],
    ])("%j asks no pod", async (given, message) => {
        const seen = pods();
        await expect(site(...given)).rejects.toThrow(message);
        expect(seen.ran).toEqual([]);
    });
});

describe("an export", () => {
    it("writes what an import reads, for this user's eyes alone", async () => {
        pods();
        const target = path.join(directory, "exported");
        await site("export", target);
        expect(fs.readdirSync(target).sort()).toEqual(["database.sql.gz", "uploads.tar.gz"]);
        expect(gunzipSync(fs.readFileSync(path.join(target, "database.sql.gz"))).toString()).toBe(whole);
        for (const name of ["", "database.sql.gz", "uploads.tar.gz"]) expect(fs.statSync(path.join(target, name)).mode & 0o77).toBe(0);
        await expect(site("export", target)).rejects.toThrow(/already exists/);
    });

    it("leaves no file that looks whole where it isn't", async () => {
        pods({ fail: ["export-database"] });
        const target = path.join(directory, "failed");
        await expect(site("export", target)).rejects.toThrow(/export-database in the pod database-0 ended with code 7/);
        expect(fs.readdirSync(target)).toEqual([]);
    });
});
