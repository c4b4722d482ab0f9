import { connect, type Connection, KubernetesError, send } from "../../components/cluster/kubernetes-api";
import { type Period, periodOf } from "./logs/period";
import { findStore, readStore } from "./logs/store";
import { readStack, stackConfigFile } from "./stack/config";
import { partsOf, type StackPart } from "./stack/parts";
import { onInterrupt } from "./terminal/interrupt";
import { unreachable } from "./status/collect";
import { type AnyRunning, anyRunningStack, explainSilence, stackOptions } from "./status/command";
import { clean, list, text } from "./status/fields";
import { follow, type Line, readMerged, type Source, type Which, type Write } from "./status/log-stream";
import { created, nameOf, workloadOf } from "./status/objects";
import { Interrupted, UserError } from "./terminal/errors";
import { flag, parseCommand, stackOption, text as words } from "./terminal/options";

const usage = `Usage: npm run logs -- [PART] [OPTIONS]

Prints the logs of all pods of a part, each line with its pod's name before it, in the order of time.

  PART               web (default), database, gateway, or tasks: the scheduled ones; of a stack of services, a service's name
  --follow, -f       go on as lines are written, by new pods too; Ctrl-C ends it
  --previous         of containers that have crashed: what they wrote before their last restart
  --timestamps       the time of each line, in UTC, before it
  --stack NAME       the stack of Pulumi.NAME.yaml (default: dev)
  --kubeconfig FILE  reach the cluster by this file
  --help             this text

Without these options, you get the last 200 lines of each container that exists. With one of them come all lines that were
kept (landfall:logs.keepDays), also those of pods that are gone; a line is kept about 10 seconds after it was written.

  --since TIME       lines of the last 30s, 10m, 2h or 1d; or since a day or time of this computer's clock, 2026-03-03 or
                     2026-03-03T14:30 (default: a day before the end)
  --until TIME       lines before that time (default: now)
  --pod NAME         of pods whose names begin like this
  --grep TEXT        lines that contain this text; of kept lines in JSON, those with a value that contains it
`;

/** Lines that are shown of each container if nobody says which. */
const tail = 200;
/** Options that choose among all lines. */
const choices = { since: words, until: words, pod: words, grep: words };
const options = { ...stackOptions, ...choices, follow: { ...flag, short: "f" }, previous: flag, timestamps: flag } as const;
type Values = ReturnType<typeof parseCommand<typeof options>>["values"];

/** What the arguments ask for. */
interface Request {
    part: StackPart & { name: string };
    /** Undefined for the newest lines. */
    period?: Period;
    pod?: string;
    grep?: string;
    following: boolean;
    previous: boolean;
}

/** The command `npm run logs`. */
export async function main(argv: string[]): Promise<number> {
    const { values, positionals } = parseCommand(argv, options, usage);
    if (values.help) {
        process.stdout.write(usage);
        return 0;
    }
    const name = stackOption(values.stack);
    const request = requestOf(values, positionals, partsOf(readStack(name, stackConfigFile(name))));
    const stack = await anyRunningStack(values);
    const signal = onInterrupt(() => undefined);
    // A reader that has seen enough, as `head`. Each line that was on its way fails by itself.
    const enough = new AbortController();
    process.stdout.on("error", () => enough.abort());
    const stop = AbortSignal.any([signal, enough.signal]);
    const write: Write = (name, { time, text }) => new Promise(resolve =>
        void process.stdout.write(`${values.timestamps ? `${time} ` : ""}${name}  ${text}\n`, () => resolve()));

    const connection = await connect(stack.kubeconfig).catch((error: Error) => { throw explained(error, stack); });
    const code = await print(connection, stack, request, write, stop);
    if (signal.aborted && !request.following) throw new Interrupted("Stopped.");
    return enough.signal.aborted ? 0 : code;
}

/** @throws UserError if the arguments contradict each other or the usage */
function requestOf(values: Values, [given, ...more]: string[], parts: Record<string, StackPart>): Request {
    const part = given ?? Object.keys(parts)[0];
    if (!Object.hasOwn(parts, part) || more.length > 0) {
        throw new UserError(`"${[part, ...more].join(" ")}" is no part of a stack; the parts are ${Object.keys(parts).join(", ")}.\n\n${usage}`);
    }
    if (values.follow && values.previous) {
        throw new UserError(`--previous shows what has ended, so it can't be followed: use one of the two.\n\n${usage}`);
    }
    if (values.until !== undefined && (values.follow || values.previous)) {
        throw new UserError(`--until is for lines that were kept: use it without --${values.follow ? "follow" : "previous"}.\n\n${usage}`);
    }
    for (const name of ["pod", "grep"] as const) if (values[name] === "") throw new UserError(`--${name} needs a text.\n\n${usage}`);
    const { pod, grep } = values;
    const isChosen = values.since !== undefined || (Object.keys(choices).some(name => values[name as keyof typeof choices] !== undefined) && !values.follow && !values.previous);
    return {
        part: { name: part, ...parts[part] }, following: values.follow === true, previous: values.previous === true,
        ...(isChosen && { period: periodOf(values, Date.now()) }), ...(pod !== undefined && { pod }), ...(grep !== undefined && { grep }),
    };
}

/** Prints the lines. Returns the command's exit code. */
async function print(connection: Connection, stack: AnyRunning, request: Request, write: Write, stop: AbortSignal): Promise<number> {
    const { part: { name, workloads, namespace }, period, pod, grep, following, previous } = request;
    if (period === undefined || following || previous) return printExisting(connection, stack, request, write, stop);
    const store = await findStore(connection, stack.kubeconfig).catch((error: Error) => { throw explained(error, stack); });
    if (typeof store === "string") {
        let first = "";
        const noted: Write = (name, line) => {
            first ||= line.time;
            return write(name, line);
        };
        const code = await printExisting(connection, stack, request, noted, stop);
        const reach = first === "" ? "" : `, back to ${first.slice(0, 19)}Z`;
        if (!stop.aborted) tell(`These are the nodes' lines of existing pods${reach}, because ${store}.`);
        return code;
    }
    const kept = Date.now() - store.keepDays * 86_400_000;
    if (period.since < kept) tell(`Logs are kept for ${store.keepDays} days (landfall:logs.keepDays): there are none before ${new Date(kept).toISOString().slice(0, 10)}.`);
    const lines = await readStore(store, { ...period, namespace, workloads, pod, grep }, write, stop);
    if (lines === 0 && !stop.aborted) tell(`No kept line of ${name} matches.`);
    return 0;
}

/** Prints what the kubelets have of the containers that exist. */
async function printExisting(
    connection: Connection, stack: AnyRunning, { part, period, pod = "", grep = "", following, previous }: Request, write: Write, stop: AbortSignal,
): Promise<number> {
    const which: Which = {
        ...(period === undefined ? { tailLines: tail } : { sinceSeconds: Math.ceil((Date.now() - period.since) / 1000) }),
        ...(previous && { previous }),
    };
    const end = period === undefined ? "" : new Date(period.until).toISOString();
    let shown = 0;
    const chosen: Write = async (name: string, line: Line) => {
        if (!line.text.includes(grep) || (end !== "" && !following && line.time >= end)) return;
        shown++;
        await write(name, line);
    };
    const find = async (): Promise<Source[]> =>
        (await findContainers(connection, stack, part, following || previous)).filter(source => source.pod.startsWith(pod));
    const refused = ({ name }: Source, error: Error): void => tell(`${name}: ${clean(error.message)}`);
    if (following) {
        await follow(connection, find, which, chosen, stop, refused);
        return 0;
    }
    const found = await find();
    const { problems } = await readMerged(connection, found, which, chosen, stop);
    const missing = problems.filter(({ error }) => !(previous && isNothingBefore(error)));
    if (stop.aborted) return 0;
    for (const { source, error } of missing) refused(source, error);
    if (shown === 0 && missing.length === 0) tell(nothing(part.name, found, pod, previous));
    return missing.length > 0 ? 1 : 0;
}

function tell(line: string): void {
    process.stderr.write(`${line}\n`);
}

/** The containers of a part; without any it says why, unless some may still come. */
async function findContainers(
    connection: Parameters<typeof send>[0], stack: AnyRunning, { name: part, workloads, namespace, ends }: Request["part"], startedOnly: boolean,
): Promise<Source[]> {
    const selector = encodeURIComponent(`app.kubernetes.io/name in (${workloads.join(",")})`);
    const { items } = await send(connection, "GET", `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`, { seconds: 20 })
        .catch((error: Error) => { throw explained(error, stack); });
    const pods = list({ items }, "items").sort((a, b) => created(a) - created(b));
    if (pods.length === 0 && !(startedOnly && ends)) {
        throw new UserError(`There is no pod of ${part} in the namespace ${namespace}. What is the matter: ${stack.command("status")}`);
    }
    return pods.flatMap(pod => {
        const containers = [...list(pod, "spec", "initContainers"), ...list(pod, "spec", "containers")].map(container => text(container, "name"));
        const states = [...list(pod, "status", "initContainerStatuses"), ...list(pod, "status", "containerStatuses")];
        const begun = containers.filter(name => {
            const status = states.find(each => text(each, "name") === name);
            return text(status, "state", "running", "startedAt") !== "" || text(status, "state", "terminated", "reason") !== ""
                || text(status, "lastState", "terminated", "reason") !== "";
        });
        return begun.map(container => ({
            namespace, pod: nameOf(pod), container,
            name: containers.length === 1 || container === workloadOf(pod) ? nameOf(pod) : `${nameOf(pod)}/${container}`,
        }));
    });
}

function explained(error: Error, stack: AnyRunning): UserError {
    return explainSilence(unreachable(error), stack, "list pods and to get pods/log");
}

function isNothingBefore(error: Error): boolean {
    return error instanceof KubernetesError && error.code === 400 && /previous terminated container/.test(error.message);
}

function nothing(part: string, found: Source[], pod: string, previous: boolean): string {
    if (found.length === 0 && pod !== "") return `No pod of ${part} has a name that begins with ${pod}.`;
    if (previous) return `No container of ${part} has restarted, so there is nothing from before.`;
    return found.length === 0 ? `No container of ${part} has started yet.` : `The containers of ${part} have written nothing in that time.`;
}
