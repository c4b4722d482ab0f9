import * as fs from "node:fs";
import * as path from "node:path";
import { cached, keyOf } from "../../infra/offline/kit/cache";
import { findProgram } from "../../infra/offline/kit/docker";
import { run, step, succeeds } from "../../infra/offline/kit/run";
import { buildTools, Tool } from "../../infra/offline/kit/tools";

/** Versions of what comes from PyPI; those that are built by Go are in the kit's components. */
const wheels = { checkov: "3.3.30", zizmor: "1.32.0" };

/** Gets all of them at once, in the first run; what fails is said again by who needs it. */
export async function getTools(): Promise<void> {
    const go = async () => {
        for (const name of ["actionlint", "kube-score"] as const) await goTool(name); // each takes all processors
    };
    await Promise.allSettled([go(), shellcheck(), pythonPackage("checkov"), pythonPackage("zizmor")]);
}

const log = (line: string) => console.log(`  ${line}`);

/** A program built by Go, as a path. */
export async function goTool(name: Extract<Tool, "actionlint" | "kube-score">): Promise<string> {
    try {
        return path.join(await buildTools(log, [name]), name);
    } catch (cause) {
        if (await findProgram("go")) throw cause;
        throw new Error(`${name} is built by Go, which isn't on this computer. Install it: https://go.dev/dl`, { cause });
    }
}

/** The directory that holds a package of PyPI and all that it needs; programs are in its `bin`. */
export async function pythonPackage(name: keyof typeof wheels): Promise<string> {
    if (!(await succeeds("python3", ["-m", "pip", "--version"]))) {
        throw new Error(`${name} is installed by pip, which isn't on this computer. Install Python 3 with it: ` +
            "https://www.python.org/downloads, on Debian apt-get install python3-pip");
    }
    const version = wheels[name];
    const python = await run("python3", ["-c", "import sys; print(sys.version)"]);
    return cached(`lint-${name}`, keyOf(version, python, process.platform, process.arch), dir =>
        step(log, `pip install ${name} ${version}`, async () => {
            await run("python3", ["-m", "pip", "install", "--quiet", "--target", dir, `${name}==${version}`]);
        }));
}

/** This computer's ShellCheck, else Debian's, unpacked into the cache. */
export async function shellcheck(): Promise<string> {
    if (await findProgram("shellcheck")) return "shellcheck";
    if (!(await findProgram("apt-get"))) throw missing();
    const release = fs.readFileSync("/etc/os-release", "utf8");
    const dir = await cached("lint-shellcheck", keyOf(release, process.arch), dir =>
        step(log, "get Debian's shellcheck", async () => {
            const download = () => run("apt-get", ["download", "shellcheck"], { cwd: dir });
            // The lists of packages may be missing or old.
            await download().catch(() => run("apt-get", ["update"]).then(download)).catch(cause => {
                throw missing(cause);
            });
            const [archive] = fs.readdirSync(dir).filter(file => file.endsWith(".deb"));
            await run("dpkg-deb", ["--extract", archive, "."], { cwd: dir });
        }));
    const program = path.join(dir, "usr/bin/shellcheck");
    if (!(await succeeds(program, ["--version"]))) throw missing();
    return program;
}

function missing(cause?: unknown): Error {
    return new Error("ShellCheck isn't on this computer. Install it: " +
        "https://github.com/koalaman/shellcheck#installing, on Debian apt-get install shellcheck", { cause });
}
