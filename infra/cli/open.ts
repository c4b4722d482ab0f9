import { spawn } from "node:child_process";
import * as dns from "node:dns/promises";
import * as fs from "node:fs";
import { isLaptop } from "../config";
import { waitForAnswer } from "./start/answer";
import { stackFile } from "./stack/home";
import { onInterrupt } from "./terminal/interrupt";
import { askAddress, Unreachable } from "./status/collect";
import { explainSilence, runningStack, stackOptions } from "./status/command";
import { clean } from "./status/fields";
import { seconds, Terminal } from "./terminal";
import { onPath } from "./tools/programs";
import { Interrupted, UserError } from "./terminal/errors";
import { flag, parseCommand } from "./terminal/options";

const usage = `Usage: npm run open [-- OPTIONS]

Waits until the stack's site answers, and opens it in the browser; without a browser it prints the address.

  --print            only print the address
  --stack NAME       the stack of Pulumi.NAME.yaml (default: dev)
  --kubeconfig FILE  reach the cluster by this file
  --help             this text
`;

const patience = 60_000;

/** The command `npm run open`. */
export async function main(argv: string[], start = startBrowser): Promise<number> {
    const { values, positionals } = parseCommand(argv, { ...stackOptions, print: flag }, usage);
    const terminal = new Terminal();
    if (values.help) {
        terminal.line(usage.trimEnd());
        return 0;
    }
    if (positionals.length > 0) throw new UserError(`"${positionals.join(" ")}" isn't expected here.\n\n${usage}`);
    const stack = await runningStack(values);
    const { name, settings, kubeconfig, command } = stack;
    const address = await askAddress(kubeconfig, settings.environment).catch((error: Error) => {
        throw error instanceof Unreachable ? explainSilence(error, stack, "get ConfigMaps") : error;
    }) ?? `https://${settings.environment.host}`;

    const signal = onInterrupt(() => undefined);
    const begin = Date.now();
    const stopWatching = terminal.watch(() => `Waiting for ${address} (${seconds(begin)})`);
    const ca = fs.existsSync(stackFile(name, "ca.crt")) ? fs.readFileSync(stackFile(name, "ca.crt"), "utf8") : undefined;
    const answer = await waitForAnswer(address, { local: isLaptop(settings.cluster.target), ca }, signal, patience).finally(stopWatching);
    if (signal.aborted) throw new Interrupted("Stopped.");
    if (!answer.answers) {
        throw new UserError(`${address} does not answer with a page: ${clean(answer.last)}\nWhat is wrong, and what to do: ${command("status")}`);
    }
    const browser = values.print ? undefined : browserCommand(address);
    const opened = browser !== undefined && await start(browser);
    terminal.line(opened ? `Opened ${address}` : address);
    if (!values.print) await hint(address, isLaptop(settings.cluster.target), ca !== undefined ? stackFile(name, "ca.crt") : undefined, terminal);
    return 0;
}

const hostsFile = process.platform === "win32" ? "C:\\Windows\\System32\\drivers\\etc\\hosts" : "/etc/hosts";

/** Whether this computer knows the site's name, as far as its browsers need it. */
export async function isKnown(
    hostname: string, platform = process.platform, lookup: (hostname: string) => Promise<unknown> = dns.lookup,
): Promise<boolean> {
    // Browsers know these names by themselves, except Safari.
    if (hostname.endsWith(".localhost") && platform !== "darwin") return true;
    return lookup(hostname).then(() => true, () => false);
}

/** What browsers on this computer may stumble over. */
async function hint(address: string, isHere: boolean, ca: string | undefined, terminal: Terminal): Promise<void> {
    const { hostname } = new URL(address);
    // Elsewhere a proxy may have found the name, and it isn't this computer's.
    if (isHere && !await isKnown(hostname)) terminal.line(`This computer doesn't know the name ${hostname}: add the line "127.0.0.1 ${hostname}" to ${hostsFile}`);
    if (ca !== undefined) terminal.line(`Browsers warn of its certificate until they trust ${ca} (infra/guides/laptop.md, "Trust the certificate")`);
}

/** What opens an address in this system's browser; undefined where there is none. */
export function browserCommand(
    address: string, { platform, env, has }: { platform: NodeJS.Platform; env: NodeJS.ProcessEnv; has: (program: string) => boolean } =
    { platform: process.platform, env: process.env, has: onPath },
): [program: string, ...args: string[]] | undefined {
    const hasScreen = Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
    // A window would open where nobody sits.
    if (env.SSH_CONNECTION && !hasScreen) return undefined;
    if (platform === "win32") return ["rundll32", "url.dll,FileProtocolHandler", address];
    if (platform === "darwin") return ["open", address];
    // Windows's own browser, from its Linux.
    if (env.WSL_DISTRO_NAME && has("wslview")) return ["wslview", address];
    return hasScreen && has("xdg-open") ? ["xdg-open", address] : undefined;
}

/** Starts a browser and leaves it on its own. Says whether it could be started. */
async function startBrowser([program, ...args]: [string, ...string[]]): Promise<boolean> {
    const child = spawn(program, args, { stdio: "ignore", detached: true });
    let timer: NodeJS.Timeout | undefined;
    const started = await new Promise<boolean>(resolve => {
        child.on("error", () => resolve(false));
        child.on("exit", code => resolve(code === 0));
        // What stays is the browser itself.
        timer = setTimeout(() => resolve(true), 3000);
    });
    clearTimeout(timer);
    child.unref();
    return started;
}
