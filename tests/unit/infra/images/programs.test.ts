import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { databaseImageContext } from "../../../../components/workload";

const images: Record<string, string> = { web: "infra/images/web", database: databaseImageContext };
let directory: string;

beforeAll(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-images-"));
});

afterAll(() => fs.rmSync(directory, { recursive: true }));

/** The file of an image, such as `web/bin/start-web`. */
function fileOf(program: string): string {
    const [image, ...rest] = program.split("/");
    return path.resolve(images[image], ...rest);
}

/**
 * Runs a program of an image with no more than these variables. By itself it finds no other program: one that goes on
 * where it should refuse would begin by emptying /tmp, here this computer's.
 */
function run(program: string, env: Record<string, string>, ...args: string[]) {
    const { status, stdout, stderr } = spawnSync(fileOf(program), args, {
        env: { PATH: path.join(directory, "none"), ...env }, encoding: "utf8",
    });
    return { status, output: `${stdout}${stderr}` };
}

/** The limits that a program lists in its own head. */
function documented(program: string, prefix: string): string[] {
    const head = /^(#.*\n)+/.exec(fs.readFileSync(fileOf(program), "utf8"))![0];
    return [...head.matchAll(new RegExp(`^#   (${prefix}[A-Z_{},]+)`, "gm"))].flatMap(([, name]) => {
        const [, before, choices, after] = /^(.*)\{(.*)\}(.*)$/.exec(name) ?? [];
        return choices ? choices.split(",").map(choice => before + choice + after) : [name];
    });
}

describe("start-web", () => {
    const queues = { WEB_PAGES_QUEUE: "8", WEB_BODIES_QUEUE: "4", WEB_EDITORS_QUEUE: "4", WEB_UPLOADS_QUEUE: "4" };
    const limits = Object.fromEntries(documented("web/bin/start-web", "WEB_").map(name => [name, "2"]));
    const env = { ...limits, ...queues, WEB_THREADS: "27", WEB_BODY_ANONYMOUS: "1", WORDPRESS_URL: "https://a.example" };

    it("names each limit that is missing or is no whole number", () => {
        expect(Object.keys(limits).length).toBeGreaterThanOrEqual(20);
        for (const name of Object.keys(limits)) {
            for (const wrong of ["", "0", "1.5", "64M", "-1", "1; id"]) {
                const { status, output } = run("web/bin/start-web", { ...env, [name]: wrong });
                expect({ status, output }).toEqual({ status: 1,
                    output: `start-web: ${name} must be a whole number above 0; it is '${wrong}'.\n` });
            }
        }
    });

    it("refuses queues that its threads or processes don't fit", () => {
        expect(run("web/bin/start-web", env).output).toBe(
            "start-web: WEB_THREADS (27) must be at least 8 more than the four queues, 20: for files and probes.\n");
        expect(run("web/bin/start-web", { ...env, WEB_EDITORS_WORKERS: "5" }).output).toBe(
            "start-web: WEB_EDITORS_QUEUE (4) must be at least WEB_EDITORS_WORKERS (5).\n");
    });

    it("refuses an address that its redirects can't lead to", () => {
        const { output } = run("web/bin/start-web", { ...env, WEB_THREADS: "28", WORDPRESS_URL: "a.example" });
        expect(output).toBe(
            "start-web: WORDPRESS_URL must be like https://wordpress.localhost:8443; it is 'a.example'.\n");
    });
});

describe("start-database", () => {
    let password: string;
    let tls: string;
    beforeAll(() => {
        password = path.join(directory, "password");
        tls = path.join(directory, "tls");
        fs.writeFileSync(password, "secret\n");
        fs.mkdirSync(tls);
        for (const file of ["tls.crt", "tls.key"]) fs.writeFileSync(path.join(tls, file), "");
    });

    it("doesn't start without a certificate, which would leave connections unencrypted", () => {
        const start = (env: Record<string, string>) => run("database/bin/start-database", { MARIADB_PASSWORD_FILE: password, ...env });
        expect(start({})).toMatchObject({ status: 1, output: expect.stringMatching(/MARIADB_TLS_DIR is not set/) as unknown });
        expect(start({ MARIADB_TLS_DIR: directory })).toMatchObject({
            status: 1, output: expect.stringMatching(/MARIADB_TLS_DIR: .*\/tls\.crt is missing or not readable by uid/) as unknown,
        });
        expect(start({ MARIADB_TLS_DIR: tls, MARIADB_TLS: "no" })).toEqual({
            status: 1, output: "start-database: MARIADB_TLS must be required or offered; it is 'no'.\n",
        });
    });

    it("names each limit that is missing or is no whole number", () => {
        const names = documented("database/bin/start-database", "MARIADB_")
            .filter(name => !/_(DATABASE|USER|PASSWORD_FILE|TLS|DIR)$/.test(name));
        const env = { ...Object.fromEntries(names.map(name => [name, "2"])), MARIADB_TLS_DIR: tls };
        expect(names).toHaveLength(8);
        for (const name of names) {
            for (const wrong of ["", "0", "192M", "1 2"]) {
                const result = run("database/bin/start-database",
                    { ...env, MARIADB_PASSWORD_FILE: password, [name]: wrong });
                expect(result).toEqual({ status: 1,
                    output: `start-database: ${name} must be a whole number above 0; it is '${wrong}'.\n` });
            }
        }
    });
});

describe("the database's healthcheck", () => {
    /** What a client says and does that stands in for MariaDB's. */
    const clients = {
        answers: "echo 0",
        "answers read-only": "echo 1",
        "is slow": "exec sleep 300",
        "is full": "echo 'ERROR 1040 (08004): Too many connections' >&2; exit 1",
        "is not there": "echo \"ERROR 2002 (HY000): Can't connect to local server through socket\" >&2; exit 1",
    };

    it.each([
        ["answers", { ready: 0, live: 0 }],
        ["answers read-only", { ready: 1, live: 0 }],
        // Slow or full is not gone: out of service, every request would fail.
        ["is slow", { ready: 0, live: 1 }],
        ["is full", { ready: 0, live: 0 }],
        ["is not there", { ready: 1, live: 1 }],
    ] as const)("of a server that %s", (what, wanted) => {
        const bin = fs.mkdtempSync(path.join(directory, "bin-"));
        fs.writeFileSync(path.join(bin, "mariadb"), `#!/bin/sh\n${clients[what]}\n`, { mode: 0o755 });
        const env = { PATH: `${bin}${path.delimiter}${process.env.PATH}` };
        const status = (probe: string) => run("database/bin/healthcheck", env, probe).status;
        expect({ ready: status("ready"), live: status("live") }).toEqual(wanted);
    });

    /** What the liveness probe tells a server with old data, if the file appeared this long ago, with this content. */
    function told(seconds: number | undefined, content = "60", env: Record<string, string> = {}): string {
        const bin = fs.mkdtempSync(path.join(directory, "bin-"));
        fs.writeFileSync(path.join(bin, "mariadb"), `#!/bin/sh\necho "$*" >>${bin}/said\necho 0\n`, { mode: 0o755 });
        if (seconds !== undefined) {
            const file = path.join(bin, "encrypted");
            const appeared = Date.now() / 1000 - seconds;
            fs.writeFileSync(file, content);
            fs.utimesSync(file, appeared, appeared);
        }
        const { status } = run("database/bin/healthcheck", {
            PATH: `${bin}${path.delimiter}${process.env.PATH}`, MARIADB_CLIENTS_DIR: bin, ...env,
        }, "live");
        expect(status).toBe(0);
        return fs.readFileSync(path.join(bin, "said"), "utf8");
    }

    it("ends unencrypted connections once all clients have been updated, and their earlier pods have ended", () => {
        const ends = "SET GLOBAL require_secure_transport = ON";
        expect(told(61)).toContain(ends);
        expect(told(undefined)).not.toContain(ends);
        expect(told(30)).not.toContain(ends);
        expect(told(61, "3600")).not.toContain(ends);
        expect(told(61, "60", { MARIADB_TLS: "offered" })).not.toContain(ends);
    });

    it("puts a renewed certificate to use", () => {
        expect(told(undefined)).not.toContain("FLUSH SSL");
        // No server has started on this computer, so any certificate is newer than its start.
        expect(told(undefined, "", { MARIADB_TLS_DIR: path.join(directory, "tls") })).toContain("FLUSH SSL");
    });

    /** Runs the startup probe against a client that has this to say the third time, and before that no server. */
    function startup(third: string) {
        const bin = fs.mkdtempSync(path.join(directory, "bin-"));
        const asked = path.join(bin, "asked");
        fs.writeFileSync(path.join(bin, "mariadb"), [
            "#!/bin/sh", `echo >>${asked}`, `if [ "$(wc -l <${asked})" -lt 3 ]; then ${clients["is not there"]}; fi`, third, "",
        ].join("\n"), { mode: 0o755 });
        // A clock that is past the wait after a few looks.
        fs.writeFileSync(path.join(bin, "date"), `#!/bin/sh\necho >>${bin}/looked\nexpr 3 \\* $(wc -l <${bin}/looked)\n`, { mode: 0o755 });
        const env = { PATH: `${bin}${path.delimiter}${process.env.PATH}` };
        return { ...run("database/bin/healthcheck", env, "startup"), asked: fs.readFileSync(asked, "utf8").length };
    }

    it("waits for a server that starts, since Kubernetes warns of every probe that fails", () => {
        expect(startup("echo 1")).toEqual({ status: 0, output: "", asked: 3 });
    });

    it("gives up on one that doesn't, and says what is wrong", () => {
        expect(startup("echo 0")).toMatchObject({ status: 1, output: "not started: 0\n" });
        expect(startup(clients["is not there"])).toMatchObject({ status: 1, output: expect.stringContaining("ERROR 2002") });
    });
});
