// Every npm script starts here. Plain JavaScript without dependencies, so it runs on a fresh clone and can tell
// users of an old Node what to do. Everything else is TypeScript, and runs in a child process once npm has installed.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const commands = [
    "start", "down", "status", "logs", "shell", "open", "preview", "comment", "drift", "render", "bench", "cost", "limits", "admin", "site",
    "branch", "promote", "test", "update-images",
];

/** What is wrong with this version of Node, given `engines.node` (">=20.19"); undefined if it is new enough. */
export function nodeProblem(version, engines) {
    const wanted = numbers(engines);
    const given = numbers(version);
    const older = given[0] < wanted[0] || (given[0] === wanted[0] && given[1] < wanted[1]);
    if (!older) return undefined;
    return (
        `Landfall needs Node ${wanted.join(".")} or newer; this is Node ${version.replace(/^v/, "")}.\n` +
        "Install the current LTS version from https://nodejs.org/en/download and run the command again."
    );
}

function numbers(version) {
    const found = /(\d+)(?:\.(\d+))?/.exec(version) || ["", "0", "0"];
    return [Number(found[1]), Number(found[2] || 0)];
}

/** Whether node_modules contains what the lock file names; `installed` is npm's own record of what it installed. */
export function isInstalled(lock, installed) {
    if (!installed) return false;
    return Object.entries(lock.packages).every(([name, entry]) => {
        const found = installed.packages[name];
        if (name === "" || (!found && entry.optional)) return true;
        return found && found.version === entry.version && found.integrity === entry.integrity;
    });
}

/** How to run npm without a shell: its JavaScript under this Node, which works on every system. */
export function npmCommand(environment, execPath, exists) {
    const candidates = [
        /^npm\//.test(environment.npm_config_user_agent || "") ? environment.npm_execpath : undefined,
        join(dirname(execPath), "node_modules/npm/bin/npm-cli.js"),
        join(dirname(execPath), "../lib/node_modules/npm/bin/npm-cli.js"),
    ];
    const script = candidates.find(file => file && /\.c?js$/.test(file) && exists(file));
    return script ? { program: execPath, args: [script] } : { program: "npm", args: [] };
}

/** What children inherit. Node 22.19, 24.6 and newer trust what the system trusts, such as the certificates of a company's proxy. */
export function childEnvironment(environment) {
    return { NODE_USE_SYSTEM_CA: "1", ...environment };
}

function readJson(file) {
    const path = join(root, file);
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

function install() {
    if (isInstalled(readJson("package-lock.json"), readJson("node_modules/.package-lock.json"))) return 0;
    process.stderr.write("Installing the npm dependencies (npm ci). This happens once.\n");
    const npm = npmCommand(process.env, process.execPath, existsSync);
    const options = { cwd: root, stdio: ["ignore", 2, 2], env: childEnvironment(process.env) }; // standard output belongs to the command
    const result = spawnSync(npm.program, [...npm.args, "ci", "--no-audit", "--no-fund"], options);
    if (result.status === 0) return 0;
    const why = result.error ? `: ${result.error.message}` : "";
    process.stderr.write(`npm ci did not succeed${why}. Its messages above say why; then run the command again.\n`);
    return result.status || 1;
}

/**
 * Runs the command in a child process and exits with its code.
 *
 * A Ctrl-C reaches every process of the terminal, and npm sends it again, but Pulumi takes a second one as
 * "stop at once". So the child leads its own process group and gets the signal exactly once, from here. If interrupted,
 * the whole group ends with it. Windows has no such groups: its console reaches the child.
 */
function runChild(command, args) {
    const ownGroup = process.platform !== "win32";
    const start = ["--require", "./infra/preload.cjs", "--import", "tsx", "infra/cli/run.ts"];
    const child = spawn(process.execPath, [...start, command, ...args], {
        cwd: root,
        env: childEnvironment(process.env),
        detached: ownGroup,
        stdio: ["inherit", "inherit", "inherit", "ipc"], // the channel closes when this process dies, which tells the child
    });
    let last = 0;
    const forward = signal => {
        const now = Date.now();
        if (ownGroup && now - last > 1500) child.kill(signal);
        last = now;
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => forward(signal));
    // The child's group is no terminal's foreground group, so the terminal doesn't tell it its new size.
    if (ownGroup) process.on("SIGWINCH", () => child.kill("SIGWINCH"));
    // npm's shell doesn't pass a signal on: it exits and leaves this process running.
    const parent = process.ppid;
    const left = () => process.ppid !== parent && forward("SIGTERM");
    if (ownGroup && process.env.npm_lifecycle_event) setInterval(left, 1000).unref();
    child.on("error", error => {
        process.stderr.write(`Could not run Node: ${error.message}\n`);
        process.exit(1);
    });
    child.on("exit", (code, signal) => {
        if (ownGroup && last > 0) endGroup(child.pid);
        process.exit(signal ? 1 : code);
    });
}

function endGroup(leader) {
    try {
        process.kill(-leader, "SIGTERM");
    } catch {
        // the group has ended
    }
}

function main([command, ...args]) {
    const problem = nodeProblem(process.version, readJson("package.json").engines.node);
    if (problem || !commands.includes(command)) {
        process.stderr.write(`${problem || `There is no command "${command}"; there are: ${commands.join(", ")}.`}\n`);
        process.exit(1);
    }
    const code = install();
    if (code !== 0) process.exit(code);
    runChild(command, args);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
