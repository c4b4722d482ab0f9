import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { npmCommand } from "../../infra/cli/bootstrap.mjs";
import { posixOnly, skipped } from "./support/posix.mjs";

const root = path.resolve(__dirname, "../..");
const git = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync("git", ["-C", root, ...args], { encoding: "utf8", maxBuffer: 1 << 26 });
    if (status !== 0) throw new Error(`git ${args[0]}: ${stderr}`);
    return stdout;
};
/** The repository's files, also those that aren't committed yet, with "/" on every system. */
const tracked = git("ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0").filter(file => file && fs.existsSync(path.join(root, file)));
const read = (file: string): string => fs.readFileSync(path.join(root, file), "utf8");
const sources = tracked.filter(file => /\.(ts|mts|mjs|cjs)$/.test(file));

/** What Windows can't have as a part of a path. */
function problemOf(part: string): string | undefined {
    if (/^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\.|$)/i.test(part)) return "a reserved name";
    // eslint-disable-next-line no-control-regex
    if (/[<>:"|?*\\\u0000-\u001f]/.test(part)) return "a character that isn't allowed";
    return /[. ]$/.test(part) ? "a dot or space at its end" : undefined;
}

describe("the files of the repository", () => {
    it("can be checked out on Windows", () => {
        expect(tracked.length).toBeGreaterThan(400);
        const problems = tracked.flatMap(file => file.split("/").flatMap(part => (problemOf(part) ? [`${file}: ${problemOf(part)}`] : [])));
        expect(problems).toEqual([]);
        // Together with a user's directories, at most 260 characters without a setting of Windows.
        expect(tracked.filter(file => file.length > 120)).toEqual([]);
        expect(git("ls-files", "--stage").split("\n").filter(line => line.startsWith("120000")), "symbolic links").toEqual([]);
    });

    it.each(["aux.ts", "Con", "nul.tar.gz", "a:b", "a?", "ends.", "ends ", "COM1", "a\\b"])("would not be, if one were %s", name => {
        expect(problemOf(name)).toBeDefined();
    });

    it("differ by more than case, as do their directories", () => {
        const names = new Set(tracked.flatMap(file => file.split("/").map((_, index, parts) => parts.slice(0, index + 1).join("/"))));
        const folded = new Map<string, string[]>();
        for (const name of names) folded.set(name.normalize("NFC").toLowerCase(), [...folded.get(name.normalize("NFC").toLowerCase()) ?? [], name]);
        expect([...folded.values()].filter(same => same.length > 1)).toEqual([]);
    });

    it("have the same line endings on every system, because they run in Linux and are hashed", () => {
        const attributes = git("ls-files", "--eol").split("\n").filter(Boolean).map(line => /^i\/(\S*)\s+w\/(\S*)\s+attr\/(.*?)\s*\t(.*)$/.exec(line));
        expect(attributes.every(Boolean)).toBe(true);
        const wrong = attributes.filter(found => found && found[1] !== "-text" && (found[1] === "crlf" || found[1] === "mixed" || !found[3].includes("eol=lf")));
        expect(wrong.map(found => found?.[4])).toEqual([]);
    });
});

describe("the sources", () => {
    it("import files in the case that they have", () => {
        const entries = new Map<string, Set<string>>();
        const has = (directory: string, name: string): boolean => {
            if (!entries.has(directory)) entries.set(directory, new Set(fs.existsSync(directory) ? fs.readdirSync(directory) : []));
            return entries.get(directory)?.has(name) === true;
        };
        const exact = (file: string): boolean => {
            const parts = path.relative(root, file).split(path.sep);
            return parts.every((part, index) => part === ".." || has(path.join(root, ...parts.slice(0, index)), part));
        };
        const missing = sources.filter(file => !/\/(template|programs|fixtures|sample-project)\//.test(file)).flatMap(file => {
            const imports = [...read(file).matchAll(/^(?:import|export)\b[^"\n]*? from "(\.[^"]+)"|^\} from "(\.[^"]+)"|import\("(\.[^"]+)"\)/gm)].map(([, a, b, c]) => a ?? b ?? c);
            return imports.filter(from => {
                const target = path.resolve(root, path.dirname(file), from.replace(/\.mjs$/, ""));
                return !["", ".ts", ".mts", ".mjs", ".d.mts", ".cjs", ".json", "/index.ts"].some(ending => exact(target + ending));
            }).map(from => `${file}: ${from}`);
        });
        expect(missing).toEqual([]);
    });

    it("start no batch file, which Node refuses without a shell, and no shell of Windows", () => {
        const batches = /\b(?:spawn|spawnSync|execFile|execFileSync|run|attempt|succeeds|capture)\(\s*"(npm|npx|yarn|pnpm|az|gcloud|code|tsc|tsx|vitest)"/;
        const ours = sources.filter(file => /^(infra|components)\//.test(file) && !file.startsWith("infra/offline/"));
        expect(ours.filter(file => batches.test(read(file)))).toEqual([]);
        expect(ours.filter(file => /\bshell: true\b|\bexec(Sync)?\(\s*[`"']/.test(read(file).replace(/\/[^\n/]+\/[a-z]*\.exec\(/g, "")))).toEqual([]);
        const windows = npmCommand({}, "C:\\Program Files\\nodejs\\node.exe", file => /node_modules.npm.bin.npm-cli\.js$/.test(file));
        expect(windows.program).toBe("C:\\Program Files\\nodejs\\node.exe");
    });

    it("make addresses of files from paths by Node's function, which knows drives, spaces and umlauts", () => {
        const glued = sources.filter(file => /^(infra|components)\//.test(file)).flatMap(file =>
            [...read(file).matchAll(/`file:\/\/\$\{(\w+)/g)].map(([, name]) => `${file}: ${name}`));
        // These are paths in a container, and Pulumi's own form of an address.
        const others = /^(components\/platform\/logs\/\w+\.ts: secretDirectory|infra\/cli\/engine\/lock\.ts: directory)$/;
        expect(glued.filter(found => !others.test(found))).toEqual([]);
    });

    it("look for the user's directories as the system has them", () => {
        const ours = sources.filter(file => /^(infra|components)\//.test(file) && !/^infra\/(offline|images|template)\/|baremetal\/machine\//.test(file));
        expect(ours.filter(file => /process\.env\.(HOME|USERPROFILE|TMPDIR|TEMP)\b/.test(read(file)))).toEqual([]);
    });
});

describe("a clone in a directory with spaces and letters that aren't ASCII", () => {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-"));
    const clone = path.join(directory, "My Üser", "land fall");
    const home = path.join(directory, "My Üser", "home dir");
    const command = (cwd: string, ...args: string[]) => spawnSync(process.execPath, [path.join(cwd, "infra/cli/bootstrap.mjs"), ...args], {
        cwd, encoding: "utf8", maxBuffer: 1 << 26, timeout: 120_000,
        env: { ...process.env, HOME: home, USERPROFILE: home, LANDFALL_HOME: "", XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"), LANDFALL_PLACEHOLDERS: "1" },
    });

    it("renders the same objects, and runs the commands", () => {
        try {
            for (const file of tracked) fs.cpSync(path.join(root, file), path.join(clone, file), { recursive: true });
            fs.symlinkSync(path.join(root, "node_modules"), path.join(clone, "node_modules"), "junction");
            fs.mkdirSync(home);
            const [there, here] = [command(clone, "render", "dev"), command(root, "render", "dev")];
            expect([there.status, there.stderr, here.status]).toEqual([0, here.stderr, 0]);
            expect(there.stdout.length).toBeGreaterThan(100_000);
            expect(there.stdout === here.stdout).toBe(true);
            const help = command(clone, "preview", "--help");
            expect([help.status, help.stdout.slice(0, 22)]).toEqual([0, "Usage: npm run preview"]);
            const wrong = command(clone, "preview", "--stack", "no/such");
            expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringContaining("a stack's name has letters")]);
        } finally {
            fs.rmSync(directory, { recursive: true, force: true });
        }
    });
});

describe("tests that need POSIX", () => {
    const tests = tracked.filter(file => /^tests\/unit\/.*\.test\.ts$/.test(file)).map(file => file.slice("tests/unit/".length));

    it("are skipped on Windows for a reason, and nowhere else", () => {
        expect(posixOnly.filter(({ files }) => !tests.some(test => files.test(test))), "reasons for nothing").toEqual([]);
        expect(tests.filter(test => skipped(test, "win32")).length).toBeLessThan(tests.length / 2);
        for (const platform of ["linux", "darwin"] as const) expect(tests.filter(test => skipped(test, platform))).toEqual([]);
        expect(skipped("infra\\images\\programs.test.ts", "win32")).toBeDefined();
        expect(skipped("infra/cli/preview/comment.test.ts", "win32")).toBeUndefined();
    });

    it("are all that start a program of POSIX", () => {
        const programs = /(?:spawn|spawnSync|execFile|execFileSync)\(\s*"(?:bash|sh|tar|openssl|gpg|ssh-keygen|ssh-agent|ssh-add|flock)"|spawn\(program,/;
        const guarded = /runIf\(process\.platform|skipIf\(process\.platform/;
        expect(tests.filter(test => programs.test(read(`tests/unit/${test}`)) && !skipped(test, "win32") && !guarded.test(read(`tests/unit/${test}`)))).toEqual([]);
    });
});
