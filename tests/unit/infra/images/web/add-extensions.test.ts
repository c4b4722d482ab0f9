import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const web = path.resolve(__dirname, "../../../../../infra/images/web");
const plugin = { "shop/shop.php": "<?php\n/**\n * Plugin Name: Shop\n */\n", "shop/assets/a.css": "a{}" };

let directory: string;
beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-extensions-"));
    for (const name of ["from/packages", "content/plugins", "content/themes"]) fs.mkdirSync(path.join(directory, name), { recursive: true });
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

function write(name: string, content: string | Buffer): string {
    const file = path.join(directory, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
    return file;
}

/** A ZIP archive without compression. */
function zip(files: Record<string, string>): Buffer {
    const parts: Buffer[] = [];
    const index: Buffer[] = [];
    let at = 0;
    for (const [name, text] of Object.entries(files)) {
        const [title, content] = [Buffer.from(name), Buffer.from(text)];
        const common = Buffer.alloc(26);
        common.writeUInt16LE(20, 0);
        common.writeUInt32LE(crc32(content), 10);
        common.writeUInt32LE(content.length, 14);
        common.writeUInt32LE(content.length, 18);
        common.writeUInt16LE(title.length, 22);
        parts.push(Buffer.from("504b0304", "hex"), common, title, content);
        const place = Buffer.alloc(14);
        place.writeUInt32LE(at, 10);
        index.push(Buffer.from("504b01021400", "hex"), common, place, title);
        at += 30 + title.length + content.length;
    }
    const [list, end] = [Buffer.concat(index), Buffer.alloc(22)];
    Buffer.from("504b0506", "hex").copy(end);
    end.writeUInt16LE(Object.keys(files).length, 8);
    end.writeUInt16LE(Object.keys(files).length, 10);
    end.writeUInt32LE(list.length, 12);
    end.writeUInt32LE(at, 16);
    return Buffer.concat([...parts, list, end]);
}

const sum = (content: Buffer) => createHash("sha256").update(content).digest("hex");

function add(list: string): { status: number | null; output: string; content: string[] } {
    write("from/packages.txt", list);
    const { status, stdout, stderr } = spawnSync("bash", [path.join(web, "build/add-extensions"), path.join(directory, "from"), path.join(directory, "content")],
        { encoding: "utf8" });
    const content = fs.readdirSync(path.join(directory, "content"), { recursive: true, encoding: "utf8" })
        .filter(name => fs.statSync(path.join(directory, "content", name)).isFile()).sort();
    return { status, output: stdout + stderr, content };
}

describe("plugins and themes", () => {
    it("come from archives with their checksums, and from directories", () => {
        const archive = zip(plugin);
        write("from/packages/shop.zip", archive);
        write("from/themes/ours/style.css", "/*\nTheme Name: Ours\n*/");
        write("from/plugins/hello/hello.php", "<?php // Plugin Name: Hello");
        const { status, output, content } = add(`# ours\n\nplugin packages/shop.zip ${sum(archive)}\r\n`);
        expect({ status, output: output.split("\n").sort() }).toEqual({ status: 0, output: [
            "", "add-extensions: plugin hello from plugins/hello", "add-extensions: plugin shop from packages/shop.zip", "add-extensions: theme ours from themes/ours",
        ] });
        expect(content).toEqual(["plugins/hello/hello.php", "plugins/shop/assets/a.css", "plugins/shop/shop.php", "themes/ours/style.css"]);
    });

    it("are none as the project comes", () => {
        expect(add(fs.readFileSync(path.join(web, "extensions/packages.txt"), "utf8"))).toEqual({ status: 0, output: "", content: [] });
    });

    it.each([
        ["another content", (archive: Buffer) => `plugin packages/a.zip ${sum(Buffer.concat([archive, archive]))}`, /line 1: packages\/a\.zip has the checksum [0-9a-f]{64}, not /],
        ["no checksum", () => "plugin packages/a.zip", /line 1: must be "plugin" or "theme"/],
        ["a kind that isn't one", (archive: Buffer) => `module packages/a.zip ${sum(archive)}`, /line 1: must be "plugin" or "theme"/],
        ["no file", (archive: Buffer) => `\nplugin packages/b.zip ${sum(archive)}`, /line 2: there is no file packages\/b\.zip/],
        ["a way out of the directory", (archive: Buffer) => `plugin ../a.zip ${sum(archive)}`, /neither an https address nor a file/],
        ["an address that isn't encrypted", (archive: Buffer) => `plugin http://example.com/a.zip ${sum(archive)}`, /neither an https address nor a file/],
        ["a plugin where a theme is said", (archive: Buffer) => `theme packages/a.zip ${sum(archive)}`, /is no theme/],
        ["the same plugin twice", (archive: Buffer) => `plugin packages/a.zip ${sum(archive)}\nplugin packages/a.zip ${sum(archive)}`, /there is a plugin "shop" already/],
    ])("with %s stop the build", (_, list, message) => {
        const archive = zip(plugin);
        write("from/packages/a.zip", archive);
        const { status, output } = add(list(archive));
        expect(status).toBe(1);
        expect(output).toMatch(message);
    });

    it.each([
        ["no plugin", { "shop/readme.txt": "x" }, /is no plugin/],
        ["more than one directory", { ...plugin, "other/a.php": "x" }, /must hold one directory/],
        ["files of no directory", { "shop.php": "<?php // Plugin Name: Shop" }, /must hold one directory/],
        ["a name that is none", { "my shop/shop.php": "<?php // Plugin Name: Shop" }, /"my shop" is no name of a plugin/],
    ])("whose archive holds %s stop the build", (_, files, message) => {
        const archive = zip(files as Record<string, string>);
        write("from/packages/a.zip", archive);
        const { status, output } = add(`plugin packages/a.zip ${sum(archive)}`);
        expect(status).toBe(1);
        expect(output).toMatch(message);
    });

    it("that are no ZIP archive, or lead elsewhere by a link, stop the build", () => {
        write("from/packages/a.zip", "no zip");
        expect(add(`plugin packages/a.zip ${sum(Buffer.from("no zip"))}`).output).toMatch(/is no ZIP archive/);
        write("from/plugins/hello/hello.php", "<?php // Plugin Name: Hello");
        fs.symlinkSync("/etc/passwd", path.join(directory, "from/plugins/hello/link"));
        expect(add("").output).toMatch(/has a symbolic link in it/);
    });
});
