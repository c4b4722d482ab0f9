import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exportServices, importServices } from "../../../../../infra/cli/site/services";
import { Terminal } from "../../../../../infra/cli/terminal";
import { parseSettings } from "../../../../../infra/config";
import { type Io, Pods, withoutLock } from "../../../fixtures/pods";
import { services } from "../../../support/application";

const dump = gzipSync("-- MariaDB dump 10.20\nCREATE TABLE a (b int);\n-- Dump completed on 2026-11-29\n");
const shop = { image: "ghcr.io/example/shop:1.2", port: 8080 };
const terminal = { line: () => undefined, watch: () => () => undefined } as unknown as Terminal;
const { signal } = new AbortController();
const cluster = new Pods();
let kubeconfig: string;
let directory: string;
let volume: string;
/** Commands that ran, and those that fail. */
let ran: string[];
let fail: string[];
let told: string[];

beforeAll(async () => {
    kubeconfig = await cluster.start();
    cluster.pods = { "database-0": { workload: "database", ready: true }, "web-1": { workload: "web", ready: true } };
});
afterAll(() => cluster.stop());
beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-services-"));
    volume = path.join(directory, "volume");
    write({ "a.txt": "old", "deep/b": "old b", ".hidden": "dot" });
    [ran, fail, told] = [[], [], []];
    (terminal as { line: unknown }).line = (text: string) => told.push(text);
    cluster.run = runsHere;
    return () => fs.rmSync(directory, { recursive: true });
});

/** What is run in a service's pod runs here, with the volume as a directory; the database's programs only say so. */
function runsHere(io: Io): void {
    const command = withoutLock(io.command);
    const [program, ...args] = command;
    const action = program === "sh" ? args[3] : program === "tar" ? "tar" : command.slice(0, 2).join(" ");
    ran.push(action);
    if (action === "import-database load") {
        let length = 0;
        return io.onInput(piece => { if ((length += piece.length) === dump.length) io.exit(0); });
    }
    if (fail.includes(action) || !["sh", "tar"].includes(program)) {
        if (program === "export-database") io.stdout(dump);
        if (fail.includes(action)) io.stderr(`${action} went wrong`);
        return io.exit(fail.includes(action) ? 7 : 0);
    }
    const child = spawn(program, args, { stdio: "pipe" });
    io.onInput(piece => child.stdin.write(piece));
    child.stdin.on("error", () => undefined);
    child.stdout.on("data", (data: Buffer) => io.stdout(data));
    child.stderr.on("data", (data: Buffer) => io.stderr(String(data)));
    child.on("close", code => io.exit(code ?? 1));
}

function write(files: Record<string, string>): void {
    for (const [name, content] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(volume, name)), { recursive: true });
        fs.writeFileSync(path.join(volume, name), content);
    }
}

function read(): Record<string, string> {
    const names = fs.readdirSync(volume, { recursive: true, encoding: "utf8" }).filter(name => fs.statSync(path.join(volume, name)).isFile());
    return Object.fromEntries(names.sort().map(name => [name, fs.readFileSync(path.join(volume, name), "utf8")]));
}

function stack(given: object = { web: { ...shop, exposed: true, database: true, volumes: { [volume]: { accessMode: "ReadWriteMany" } } } }) {
    const settings = parseSettings({ cluster: { target: "kind" }, app: { type: "services", services: given } }, "dev");
    return [{ name: "dev", kubeconfig, settings }, services(settings)] as const;
}

const exported = () => path.join(directory, "exported");
const doExport = () => exportServices(...stack(), exported(), terminal, signal);
const doImport = (more: object = {}) => importServices(...stack(), { directory: exported(), yes: true, ...more }, terminal, signal);
const old = { ".hidden": "dot", "a.txt": "old", "deep/b": "old b" };

describe("what services keep", () => {
    it("is exported, and comes back as it was, whatever was written since", async () => {
        await doExport();
        expect(fs.readdirSync(exported()).sort()).toEqual(["database.sql.gz", "web-volume.tar.gz"]);
        expect(fs.statSync(exported()).mode & 0o77).toBe(0);
        write({ "a.txt": "new", "later": "new", "deep/c": "new" });
        await doImport();
        expect(read()).toEqual(old);
        expect(fs.readdirSync(volume).sort()).toEqual([".hidden", "a.txt", "deep"]);
        expect(ran.filter(action => action.startsWith("import"))).toEqual(["import-database load", "import-database swap", "import-database drop"]);
    });

    it("isn't replaced without --yes, and the message names what would be", async () => {
        await doExport();
        ran = [];
        await expect(doImport({ yes: false })).rejects.toThrow(`The import replaces the database, web's files in ${volume}. If you need that, export it first; then add --yes. Nothing was changed.`);
        expect(ran).toEqual([]);
    });

    it.each(["import-database swap", "load", "swap"])("is as it was where this fails: %s", async action => {
        await doExport();
        write({ "a.txt": "new", "later": "new" });
        const now = read();
        fail = [action];
        await expect(doImport()).rejects.toThrow(`${action} went wrong\nThe content is as it was.`);
        expect(read()).toEqual(now);
    });

    it.each(["leaving", "before"])("comes back whole from an exchange that broke off while .landfall-%s was there", async half => {
        await doExport();
        const aside = path.join(volume, `.landfall-${half}`);
        // Half-way: the old file is aside. With `before`, the new one has arrived already.
        cluster.run = io => {
            if (io.command[0] !== "sh" || io.command[4] !== "swap") return runsHere(io);
            fs.mkdirSync(aside);
            fs.renameSync(path.join(volume, "a.txt"), path.join(aside, "a.txt"));
            if (half === "before") {
                for (const name of [".hidden", "deep"]) fs.renameSync(path.join(volume, name), path.join(aside, name));
                fs.renameSync(path.join(volume, ".landfall-import/a.txt"), path.join(volume, "a.txt"));
            }
            return io.exit(1);
        };
        write({ "a.txt": "written since" });
        await expect(doImport()).rejects.toThrow("The content is as it was.");
        expect(read()).toEqual({ ...old, "a.txt": "written since" });
    });

    it("isn't touched by an archive that is cut off, or by a directory of something else", async () => {
        await expect(doImport()).rejects.toThrow(`There is no directory ${exported()}. Nothing was changed.`);
        await doExport();
        const archive = path.join(exported(), "web-volume.tar.gz");
        fs.truncateSync(archive, 40);
        ran = [];
        await expect(doImport()).rejects.toThrow(/can't be read to its end/);
        fs.rmSync(archive);
        fs.rmSync(path.join(exported(), "database.sql.gz"));
        await expect(doImport()).rejects.toThrow(/has nothing of the stack "dev": expected database\.sql\.gz or web-volume\.tar\.gz\. Nothing was changed/);
        expect(ran).toEqual([]);
        expect(read()).toEqual(old);
    });

    it("is imported as far as the export has it, and the command names the rest", async () => {
        await doExport();
        fs.rmSync(path.join(exported(), "web-volume.tar.gz"));
        write({ "a.txt": "new" });
        await doImport();
        expect(read()).toMatchObject({ "a.txt": "new" });
        expect(told.join("\n")).toContain(`web's files in ${volume} stay as they are: there is no web-volume.tar.gz`);
    });

    it("in a database that a service runs is left out, with a note", async () => {
        const given = { web: { ...shop, exposed: true, volumes: { [volume]: {} } }, db: { image: "docker.io/library/postgres:18", port: 5432, volumes: { "/var/lib/postgresql/data": {} } } };
        await exportServices(...stack(given), exported(), terminal, signal);
        expect(fs.readdirSync(exported())).toEqual(["web-volume.tar.gz"]);
        expect(told.join("\n")).toMatch(/! db is left out: .*npm run shell -- db --stack dev/);
    });

    it("of a database is left out whoever made its image, and whatever service has the volume", async () => {
        const given = {
            web: { ...shop, exposed: true, volumes: { [volume]: { accessMode: "ReadWriteMany", name: "data" } } },
            db: { image: "ghcr.io/example/postgis:18", port: 5432, volumes: { "/var/lib/x": { of: "web", name: "data" } } },
        };
        await expect(exportServices(...stack(given), exported(), terminal, signal)).rejects.toThrow(/have nothing else to export/);
        expect(told.join("\n")).toMatch(/! db is left out/);
        const backups = { ...given, db: { ...given.db, image: "example/postgres-backup-local:18" } };
        await exportServices(...stack(backups), exported(), terminal, signal);
        expect(fs.readdirSync(exported())).toEqual(["web-data.tar.gz"]);
    });

    it("of a job is exchanged in the pods of a service that has it too, because the job's have ended", async () => {
        const fill = { image: shop.image, job: true, volumes: { "/out": { accessMode: "ReadWriteMany", name: "data" }, "/cache": {} } };
        const given = { fill, web: { ...shop, exposed: true, volumes: { [volume]: { of: "fill", name: "data" } } } };
        await exportServices(...stack(given), exported(), terminal, signal);
        expect(fs.readdirSync(exported())).toEqual(["fill-data.tar.gz"]);
        expect(told.join("\n")).toContain("! fill's files in /cache are left out: fill is a job");
        write({ "a.txt": "new" });
        await importServices(...stack(given), { directory: exported(), yes: true }, terminal, signal);
        expect(read()).toEqual(old);
    });

    it("has nothing of what is mounted within a volume, which stays as it is", async () => {
        write({ "conf/site.ini": "the stack's", "conf/own.ini": "old", "cache/x": "another volume's" });
        const given = { web: { ...shop, exposed: true, files: { [`${volume}/conf/site.ini`]: "" }, volumes: { [volume]: {}, [`${volume}/cache`]: { name: "cache" } } } };
        await exportServices(...stack(given), exported(), terminal, signal);
        fs.rmSync(path.join(exported(), "web-cache.tar.gz"));
        const inodeOf = (name: string) => fs.statSync(path.join(volume, name)).ino;
        const before = [inodeOf("conf/site.ini"), inodeOf("cache")];
        write({ "conf/site.ini": "the stack's new", "conf/own.ini": "new", "conf/later": "new", "cache/x": "another's new", "later": "new" });
        await importServices(...stack(given), { directory: exported(), yes: true }, terminal, signal);
        expect(read()).toEqual({ ...old, "cache/x": "another's new", "conf/own.ini": "old", "conf/site.ini": "the stack's new" });
        expect([inodeOf("conf/site.ini"), inodeOf("cache")]).toEqual(before);
        const now = read();
        cluster.run = io => runsHere(io.command[4] === "swap" ? { ...io, exit: () => io.exit(9) } : io);
        await expect(importServices(...stack(given), { directory: exported(), yes: true }, terminal, signal)).rejects.toThrow("The content is as it was.");
        expect(read()).toEqual(now);
        expect([inodeOf("conf/site.ini"), inodeOf("cache")]).toEqual(before);
    });

    it("isn't exported in part", async () => {
        cluster.run = io => {
            if (io.command[0] !== "tar") return runsHere(io);
            io.stdout(Buffer.from("part"));
            io.stderr("tar: can't open './a.txt': Permission denied\ntar: error exit delayed from previous errors\n");
            return io.exit(1);
        };
        await expect(doExport()).rejects.toThrow(/Permission denied/);
        expect(fs.readdirSync(exported())).toEqual(["database.sql.gz"]);
    });

    it("may be nothing, which can't be exported", async () => {
        await expect(exportServices(...stack({ web: { ...shop, exposed: true } }), exported(), terminal, signal)).rejects.toThrow(/have nothing to export/);
        expect(fs.existsSync(exported())).toBe(false);
    });
});
