import * as fs from "node:fs";
import * as path from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { main as shell, type Tty } from "../../../../infra/cli/shell";
import { Pods } from "../../fixtures/pods";
import { type Ended, stackThatIsUp } from "../../support/running-stack";

const { directory, run } = stackThatIsUp();
const executing = new Pods();
const executingFile = path.join(directory, "executing");
beforeAll(async () => fs.writeFileSync(executingFile, await executing.start()));
afterAll(() => executing.stop());

/** A terminal that a test types into. */
function terminal(isTTY = true): Tty & { raw: boolean[]; written: () => string; input: PassThrough } {
    let text = "";
    const raw: boolean[] = [];
    const output = Object.assign(new PassThrough(), { isTTY }).on("data", (piece: Buffer) => (text += piece.toString()));
    const input = Object.assign(new PassThrough(), { isTTY, setRawMode: (value: boolean) => raw.push(value) });
    return { input, output, raw, written: () => text };
}

describe("npm run shell", () => {
    beforeEach(() => {
        executing.refuse = undefined;
        executing.pods = { "web-1": { workload: "web", ready: false }, "web-2": { workload: "web", ready: true }, "database-0": { workload: "database", ready: true } };
    });
    const open = (tty: Tty, ...args: string[]): Promise<Ended> => run(given => shell(given, tty), args, executingFile);

    it("connects the terminal with a shell in a ready pod, and ends with its code", async () => {
        const tty = terminal();
        let seen: { pod: string; command: string[] } | undefined;
        executing.run = io => {
            seen = { pod: io.pod, command: io.command };
            io.stdout("web-2$ ");
            io.onInput(piece => {
                io.stdout(`you typed ${piece.toString()}`);
                io.exit(3);
            });
            setTimeout(() => tty.input.write("exit 3\r"), 50);
        };
        expect((await open(tty)).code).toBe(3);
        expect(seen).toMatchObject({ pod: "web-2", command: ["sh", "-c", expect.stringContaining("exec bash")] });
        expect(tty.written()).toMatch(/^web-2 in development\. The image is read-only\..*lost with the pod[^]*web-2\$ you typed exit 3\r$/);
        expect(tty.raw).toEqual([true, false]);
    });

    it("opens the database's client as its administrator, with no password on the command line", async () => {
        const tty = terminal();
        let command: string[] = [];
        executing.run = io => { command = io.command; io.exit(0); };
        expect((await open(tty, "database")).code).toBe(0);
        expect(command.join(" ")).toContain("exec mariadb");
        expect(command.join(" ")).not.toMatch(/password/i);
        expect(tty.written()).toMatch(/database-0 in development\. You are the database's administrator/);
    });

    it("refuses without a terminal, and says what to use instead", async () => {
        await expect(open(terminal(false))).rejects.toThrow(/needs a terminal[^]*kubectl --kubeconfig \S+ -n development exec -i deployment\/web -- COMMAND[^]*npm run logs -- web/);
    });

    it("points to the status where no pod is ready", async () => {
        executing.pods = { "web-1": { workload: "web", ready: false } };
        await expect(open(terminal())).rejects.toThrow(/No pod of web is ready.*npm run status/);
    });

    it("gives the terminal back where the connection breaks off or is refused", async () => {
        const tty = terminal();
        executing.run = io => setTimeout(() => io.exit(), 100);
        await expect(open(tty)).rejects.toThrow(/web-2 broke off/);
        expect(tty.raw.at(-1)).toBe(false);
        executing.refuse = 403;
        await expect(open(terminal())).rejects.toThrow(/needs the right to create pods\/exec/);
    });
});
