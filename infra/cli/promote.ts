import * as os from "node:os";
import { bundleName, short } from "./promote/bundle";
import { checkPair, checkTarget, describeBundle, testedBundle } from "./promote/checks";
import { deployedImages } from "./promote/images";
import { History, remedyFor, standingOf, toGiveUp, type Who } from "./promote/history";
import { showHistory } from "./promote/history-screen";
import { usual } from "./promote/judge";
import { driverOf, imagesOf, type Place, placeOf } from "./promote/place";
import { isRunning, userName } from "./computer/process";
import { askFor } from "./down/confirm";
import { losesData } from "./preview/plan";
import { describePlan, planned } from "./promote/preview";
import { pushedCommit } from "./promote/repository";
import { watchedPaths } from "./promote/soak";
import { goBack, promote, type Promoting } from "./promote/steps";
import { configFile, root } from "./stack/home";
import { stackOptions } from "./status/command";
import { Terminal } from "./terminal";
import { UserError } from "./terminal/errors";
import { onInterrupt } from "./terminal/interrupt";
import { flag, parseCommand, stackOption, text } from "./terminal/options";

const usage = `Usage: npm run promote -- FROM TO [OPTIONS]
       npm run promote -- --history [STACK] [--json]
       npm run promote -- --release STACK
       npm run promote -- --back STACK

Runs in the stack TO exactly what was tested in the stack FROM: the same images, byte for byte. Shows what that changes, asks,
applies it, and watches it by what the gateway counts. If it isn't good, the previous images run again, and TO is on hold.

  --dry-run          check everything and show the changes; change nothing
  --approve          don't ask
  --soak MINUTES     how long to watch (default: ${usual.minutes})
  --requests NUMBER  fewest visitors' requests for a verdict; with fewer, it goes back (default: ${usual.requests})
  --failures PERCENT largest share of failed requests (default: ${usual.failures})
  --p99 MS           longest duration of 99 % of the answers (default: ${usual.p99})
  --page PATH        page to look at meanwhile (default: / and, of WordPress and without --expect, /wp-login.php)
  --expect TEXT      what that page must contain (default: no known error page, and whole)
  --differ KEY,…     allow the stacks to differ in these settings and what is below them
  --downgrade        allow a commit that doesn't contain the one that was last promoted
  --history          what was promoted: who, what, when, with which result
  --release STACK    lift the hold: its cause is known
  --back STACK       give up an unfinished or finished promotion: the previous images run again
  --help             this text

Exit code: 0 if it was good, or went back by --back; 1 if it was refused, or went back by itself; 130 if it was interrupted.
`;

const options = {
    ...stackOptions, soak: text, requests: text, failures: text, p99: text, page: text, expect: text, differ: text,
    "dry-run": flag, approve: flag, downgrade: flag, history: flag, json: flag, release: flag, back: flag,
};
type Values = ReturnType<typeof parseCommand<typeof options>>["values"];

/** The command `npm run promote`. */
export async function main(argv: string[]): Promise<number> {
    const { values, positionals } = parseCommand(argv, options, usage);
    const terminal = new Terminal(values.json ? process.stderr : process.stdout);
    if (values.help) {
        process.stdout.write(usage);
        return 0;
    }
    if (values.stack !== undefined || values.kubeconfig !== undefined) throw new UserError(`Name the stacks without --stack, each as it is: FROM TO.\n\n${usage}`);
    const modes = (["history", "release", "back"] as const).filter(name => values[name]);
    const stacks = positionals.map(name => stackOption(name));
    const [most, least] = modes[0] === "history" ? [1, 0] : modes.length > 0 ? [1, 1] : [2, 2];
    if (modes.length > 1 || stacks.length > most || stacks.length < least) throw new UserError(`Name ${most === 2 ? "two stacks, FROM and TO" : "one stack"}.\n\n${usage}`);
    if (modes[0] === "history") return showHistory(stacks[0], values.json === true);
    if (modes[0] === "release") return release(stacks[0], terminal);
    const signal = onInterrupt(terminal.line);
    if (modes[0] === "back") return back(stacks[0], terminal, signal);
    const [from, to] = stacks;
    if (from === to) throw new UserError(`FROM and TO are both "${from}": a promotion needs a stack that was tested and another one.\nNothing was changed.`);
    return run({ from, to, values, terminal, signal });
}

interface Run {
    from: string;
    to: string;
    values: Values;
    terminal: Terminal;
    signal: AbortSignal;
}

async function run({ from: source, to: target, values, terminal, signal }: Run): Promise<number> {
    const limits = { requests: numberIn(values, "requests", usual.requests), failures: numberIn(values, "failures", usual.failures), p99: numberIn(values, "p99", usual.p99) };
    const minutes = numberIn(values, "soak", usual.minutes);
    const differ = (values.differ ?? "").split(",").filter(Boolean).map(key => key.replace(/^landfall:/, ""));
    const repository = pushedCommit(root, [source, target].map(configFile));
    const [from, to] = [await placeOf(source), await placeOf(target)];
    checkPair(from, to, differ);
    const history = await History.read(to.kubeconfig, to.namespace);
    const standing = standingOf(history.entries);
    const { bundle, running: tested } = await testedBundle(from, await driverOf(from, terminal, signal), repository, terminal);
    checkTarget(to, standing, bundle, repository, values.downgrade === true);
    const name = bundleName(bundle);
    terminal.line(describeBundle(bundle));

    const driver = await driverOf(to, terminal, signal);
    const who = whoami(repository.author);
    const { address } = await driver.engine.outputs();
    if (!address) throw new UserError(`The stack "${target}" isn't up. Bring it up once: ${to.command("start")}\nNothing was changed.`);
    const paths = watchedPaths(values, to.settings.app.type);
    const { unfinished } = standing;
    if (unfinished) {
        const { started, last } = unfinished;
        const state = `A promotion of the bundle ${short(started.name ?? "")} by ${started.who.name} at ${started.time} hasn't ended: its last event is "${last.event}" at ${last.time}`;
        const remedy = remedyFor(unfinished, { host: os.hostname(), isRunning, now: Date.now() });
        if (remedy === "wait") throw new UserError(`${state}.\nProcess ${last.who.pid} on ${last.who.host} seems to run it. Wait, or give it up if that process has ended: npm run promote -- --back ${target}\nNothing was changed.`);
        if (remedy === "continue" && started.name !== name) {
            throw new UserError(`${state}, and this is the bundle ${short(name)}.\nContinue that one: git switch --detach ${started.bundle?.commit}; or give it up: npm run promote -- --back ${target}\nNothing was changed.`);
        }
        terminal.line(`${state}. ${remedy === "back" ? "It was judged bad: the previous images run again" : "It continues"}.`);
        if (values["dry-run"]) return 0;
        if (remedy === "back") {
            await goBack({ to, driver, history, who, terminal }, started.previous ?? {}, last.note ?? "it was interrupted while it went back");
            return 1;
        }
    }
    // Only now: in the middle of someone's update several versions run.
    const current = await imagesOf(to);
    const images = deployedImages(bundle.images, tested, current);
    const promoting: Promoting = {
        from, to, driver, history, bundle, name, who, terminal, signal, differ, tested, current, images, watch: { limits, minutes, paths, expected: values.expect, address },
    };
    if (unfinished) return promote(promoting, unfinished.started);

    const plan = await planned(driver.engine, target, driver.rewrite({ images, bundle: name, commit: bundle.commit, from: source }));
    terminal.line(plan.changes.length === 0 ? `\nNothing would change: "${target}" runs it already.` : `\nIn the stack "${target}":\n${describePlan(plan).map(line => `  ${line}`).join("\n")}`);
    if (losesData(plan)) {
        throw new UserError(`That replaces or deletes what holds data.\nIf you mean that, apply it on its own first: ${to.command("start")}\nNothing was changed.`);
    }
    if (values["dry-run"]) {
        terminal.line("\nA dry run: nothing was changed.");
        return 0;
    }
    if (plan.changes.length === 0 && standing.good?.started.name === name) return 0;
    if (!values.approve) await approval(target, terminal, signal);
    return promote(promoting, undefined);
}

async function back(stack: string, terminal: Terminal, signal: AbortSignal): Promise<number> {
    const to = await placeOf(stack);
    const history = await History.read(to.kubeconfig, to.namespace);
    const started = toGiveUp(standingOf(history.entries));
    if (!started?.previous) throw new UserError(`Nothing was promoted to the stack "${stack}" since it last went back, so there is nothing to go back from.\nNothing was changed.`);
    const who = whoami();
    const driver = await driverOf(to, terminal, signal);
    return (await goBack({ to, driver, history, who, terminal }, started.previous, "it was given up by hand (--back)")) ? 0 : 1;
}

async function release(stack: string, terminal: Terminal): Promise<number> {
    const to: Place = await placeOf(stack);
    const history = await History.read(to.kubeconfig, to.namespace);
    if (!standingOf(history.entries).hold) throw new UserError(`The stack "${stack}" isn't on hold.\nNothing was changed.`);
    await history.add({ event: "released", who: whoami() });
    terminal.line(`The stack "${stack}" is released. You can promote to it again.`);
    return 0;
}

async function approval(stack: string, terminal: Terminal, signal: AbortSignal): Promise<void> {
    await askFor("yes", {
        question: `\nPromote to "${stack}"? Type yes:`,
        alone: "Nobody can be asked here. To promote without being asked: --approve\nNothing was changed.",
        other: "That isn't yes. Nothing was changed.",
    }, { terminal, signal });
}

/** Who does it, as the history has it. */
function whoami(name = userName()): Who {
    return { name, host: os.hostname(), pid: process.pid };
}

function numberIn(values: Values, name: "soak" | "requests" | "failures" | "p99", otherwise: number): number {
    const given = values[name];
    if (given === undefined) return otherwise;
    const value = Number(given);
    if (given.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
    throw new UserError(`--${name} ${given}: a number of at least 0, for example ${otherwise}.\nNothing was changed.`);
}
