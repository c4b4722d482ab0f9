import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Writable } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { main, type Request } from "../../../../infra/cli/admin";
import { execute, findPod } from "../../../../infra/cli/site/pod";
import { type Io, Pods } from "../../fixtures/pods";

const cluster = new Pods();
let directory: string;
let kubeconfig: string;

beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-admin-"));
    kubeconfig = await cluster.start();
    fs.writeFileSync(path.join(directory, "kubeconfig"), kubeconfig);
});
afterAll(() => {
    cluster.stop();
    fs.rmSync(directory, { recursive: true });
});
beforeEach(() => {
    cluster.pods = { "web-1": { workload: "web", ready: false }, "web-2": { workload: "web", ready: true } };
    cluster.refuse = undefined;
    vi.stubEnv("LANDFALL_HOME", path.join(directory, "home"));
});
afterEach(() => vi.unstubAllEnvs());

/** A program that reads one line and answers; keeps what it was asked. */
function answering(answer: (request: Request, io: Io) => void): { requests: Request[]; commands: string[][]; pods: string[] } {
    const seen = { requests: [] as Request[], commands: [] as string[][], pods: [] as string[] };
    cluster.run = io => {
        let text = "";
        seen.commands.push(io.command);
        seen.pods.push(io.pod);
        io.onInput(piece => {
            text += piece.toString();
            if (!text.endsWith("\n")) return;
            const request = JSON.parse(text) as Request;
            seen.requests.push(request);
            answer(request, io);
        });
    };
    return seen;
}

async function admin(...args: string[]): Promise<{ code: number; output: string }> {
    const lines: string[] = [];
    const write = vi.spyOn(process.stdout, "write").mockImplementation(text => { lines.push(String(text)); return true; });
    try {
        const code = await main([...args, "--kubeconfig", path.join(directory, "kubeconfig")]);
        return { code, output: lines.join("") };
    } finally {
        write.mockRestore();
    }
}

const say = (answer: object) => (_: Request, io: Io): void => {
    io.stdout(`a plugin's banner\nlandfall:${JSON.stringify(answer)}\n`);
    io.exit(0);
};

describe("npm run admin", () => {
    it("sets a new password for the stack's administrator, tells it once, and sends it by no command line", async () => {
        const seen = answering(say({ login: "admin" }));
        const { output } = await admin("password");
        const [request] = seen.requests as Extract<Request, { action: "password" }>[];
        expect(request).toEqual({ action: "password", user: "admin", password: expect.stringMatching(/^[A-Za-z0-9]{20}$/) });
        expect(seen).toMatchObject({ commands: [["manage-users"]], pods: ["web-2"] });
        expect(output.split(request.password)).toHaveLength(2);
        expect(output).toMatch(/stack's own password .* no longer logs in/);
    });

    it("makes up another password each time", async () => {
        const seen = answering(say({ login: "jane" }));
        await admin("password", "jane");
        await admin("password", "jane");
        const [one, two] = seen.requests as Extract<Request, { action: "password" }>[];
        expect(one.user).toBe("jane");
        expect(one.password).not.toBe(two.password);
    });

    it("writes the password for this user's eyes alone where a file is named", async () => {
        const seen = answering(say({ login: "jane" }));
        const file = path.join(directory, "new-password");
        const { output } = await admin("user", "jane", "--email", "jane@example.com", "--role", "author", "--file", file);
        const [request] = seen.requests as Extract<Request, { action: "user" }>[];
        expect(request).toMatchObject({ action: "user", user: "jane", email: "jane@example.com", role: "author" });
        expect(fs.readFileSync(file, "utf8")).toBe(`${request.password}\n`);
        expect(fs.statSync(file).mode & 0o77).toBe(0);
        expect(output).not.toContain(request.password);
    });

    it("changes nothing where the password could not be handed over", async () => {
        const seen = answering(say({ login: "jane" }));
        const file = path.join(directory, "kubeconfig", "below-a-file");
        await expect(admin("password", "jane", "--file", file)).rejects.toThrow(/can't be written.*Nothing was changed/);
        expect(seen.requests).toEqual([]);
    });

    it("lists the users", async () => {
        answering(say({ users: [
            { login: "admin", email: "admin@example.com", roles: ["administrator"] }, { login: "jane", email: "j@example.com", roles: [] },
        ] }));
        expect((await admin("users")).output).toBe([
            "login  e-mail             role", "admin  admin@example.com  administrator", "jane   j@example.com      none", "",
        ].join("\n"));
    });

    it("says why it was refused", async () => {
        answering((_, io) => { io.stderr("There is no user nobody. Administrators are: admin.\n"); io.exit(1); });
        await expect(admin("password", "nobody")).rejects.toThrow("There is no user nobody. Administrators are: admin.\nNothing was changed.");
    });

    it.each([
        [["user", "jane"], /--email/],
        [["passwort"], /"passwort" isn't an action of this command/],
        [["password", "a", "b"], /"password a b"/],
        [["users", "jane"], /"users jane" isn't an action/],
        [["users", "--nonsense"], /nonsense/],
    ])("refuses %j before it asks the cluster", async (args, message) => {
        const seen = answering(say({}));
        await expect(admin(...args)).rejects.toThrow(message);
        expect(seen.requests).toEqual([]);
    });

    it("says what to look at where no pod is ready, and which right is missing", async () => {
        cluster.pods["web-2"].ready = false;
        await expect(admin("users")).rejects.toThrow(/No pod "web" is ready in the namespace development/);
        cluster.pods["web-2"].ready = true;
        cluster.refuse = 403;
        await expect(admin("users")).rejects.toThrow(/403.*pods\/exec/);
    });
});

describe("a program in a pod", () => {
    const pod = () => findPod(kubeconfig, "development", "web");

    it("is sent all of a long input, and what it writes arrives whole, however slow its reader is", async () => {
        const sent = Buffer.alloc(3 << 20, "0123456789");
        cluster.run = io => {
            let got = 0;
            io.onInput(piece => {
                got += piece.length;
                io.stdout(piece);
                if (got === sent.length) io.exit(0);
            });
        };
        const parts: Buffer[] = [];
        const output = new Writable({ write(part: Buffer, _, done) { parts.push(part); setTimeout(done, 1); } });
        const { code } = await execute(await pod(), ["cat"], { input: [sent.subarray(0, 100), sent.subarray(100)], output });
        expect(code).toBe(0);
        expect(Buffer.concat(parts).equals(sent)).toBe(true);
    });

    it("that ends before it has read everything is not waited for", async () => {
        cluster.run = io => { io.stderr("disk full"); io.exit(3); };
        async function* endless(): AsyncGenerator<Buffer> {
            for (;;) { yield Buffer.alloc(1000); await new Promise(resolve => setTimeout(resolve, 1)); }
        }
        expect(await execute(await pod(), ["read"], { input: endless() })).toEqual({ code: 3, stdout: "", stderr: "disk full" });
    });

    it("whose connection breaks off fails with that reason, and so does an input that fails", async () => {
        cluster.run = io => io.exit();
        await expect(execute(await pod(), ["read"])).rejects.toThrow("read in the pod web-2: the connection broke off.");
        cluster.run = () => undefined;
        async function* failing(): AsyncGenerator<Buffer> { yield Buffer.alloc(1); throw new Error("the disk can't be read"); }
        await expect(execute(await pod(), ["read"], { input: failing() })).rejects.toThrow("the disk can't be read");
    });

    it("whose output can't be written ends with that", async () => {
        cluster.run = io => { io.stdout("x"); setTimeout(() => io.exit(0), 50); };
        const output = new Writable({ write(_part, _, done) { done(new Error("no space left")); } });
        await expect(execute(await pod(), ["write"], { output })).rejects.toThrow("no space left");
    });
});
