import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { exchange, tablesPart } from "../../../../../infra/cli/site/exchange";
import type { Terminal } from "../../../../../infra/cli/terminal";
import { type Io, Pods, withoutLock } from "../../../fixtures/pods";

const terminal = { line: () => undefined, watch: () => () => undefined } as unknown as Terminal;
const { signal } = new AbortController();
const cluster = new Pods();
let kubeconfig: string;
let directory: string;
beforeAll(async () => {
    kubeconfig = await cluster.start();
});
afterAll(() => cluster.stop());
beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-exchange-"));
    return () => fs.rmSync(directory, { recursive: true });
});

/** Exchanges the tables of a database whose pod runs programs like this. */
function importTables(run: (io: Io) => void): Promise<void> {
    cluster.run = run;
    const part = tablesPart({ kubeconfig, namespace: "shop", name: "database-0", container: "database" }, { file: "", bytes: 1, format: "plain" }, terminal, signal);
    return exchange([{ ...part, load: async () => undefined }], terminal, signal, { what: "site", undo: "run `import-database undo`" });
}

describe("an exchange of tables whose connection breaks off", () => {
    /** import-database with files as databases. Its swap waits for locks, and DROP DATABASE for that, as in MariaDB. */
    const program = `#!/bin/bash
cd "$(dirname "$0")"
case $1 in
    swap) touch waiting; sleep 1; mv site before; mv import site; rm waiting ;;
    undo) [ ! -e before ] || { mv site import; mv before site; } ;;
    drop) while [ -e waiting ]; do sleep 0.05; done; rm -f import before ;;
esac\n`;

    // flock is a program of Linux.
    it.skipIf(process.platform !== "linux")("loses nothing: it is undone once it has ended", async () => {
        fs.writeFileSync(path.join(directory, "site"), "old");
        fs.writeFileSync(path.join(directory, "import"), "new");
        fs.writeFileSync(path.join(directory, "import-database"), program, { mode: 0o755 });
        const importing = importTables(io => {
            const [name, ...args] = io.command.map(word => word.replace("/tmp/", `${directory}/`));
            const child = spawn(name, args, { stdio: "ignore", env: { ...process.env, PATH: `${directory}:${process.env.PATH}` } });
            if (io.command.includes("swap")) setTimeout(() => io.exit(), 300);
            else child.on("close", code => io.exit(code ?? 1));
        });
        await expect(importing).rejects.toThrow("import-database in the pod database-0: the connection broke off.\nThe site is as it was.");
        expect(fs.readFileSync(path.join(directory, "site"), "utf8")).toBe("old");
        expect(fs.existsSync(path.join(directory, "import"))).toBe(false);
    });

    /** Counts what is run, while the exchange goes on for so many attempts at the lock. */
    async function withBusy(attempts: number): Promise<{ ran: string[]; message: string }> {
        const ran: string[] = [];
        const message = await importTables(io => {
            const command = withoutLock(io.command).join(" ");
            if (command === "import-database swap") return io.exit();
            if (io.command[0] === "flock" && attempts-- > 0) return io.exit(75);
            ran.push(command);
            return io.exit(0);
        }).then(() => "", (error: Error) => error.message);
        return { ran, message };
    }

    it("is waited for by short attempts, because a silent connection may be cut", async () => {
        expect(await withBusy(3)).toEqual({ ran: ["import-database undo", "import-database drop"], message: expect.stringContaining("The site is as it was.") });
    });

    it("and that doesn't end keeps the old tables", async () => {
        const { ran, message } = await withBusy(Infinity);
        expect(ran).toEqual([]);
        expect(message).toMatch(/The old site could not be put back, and is kept.*Don't import again.*import-database undo/);
    });
});
