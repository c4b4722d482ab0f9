import { connect, KubernetesError, send } from "../../components/cluster/kubernetes-api";
import { readSettings, stackConfigFile } from "./stack/config";
import { partsOf, type StackPart } from "./stack/parts";
import { onInterrupt } from "./terminal/interrupt";
import { unreachable } from "./status/collect";
import { explainSilence, readArguments, type Running, runningStack } from "./status/command";
import { clean, list, text } from "./status/fields";
import { follow, readMerged, type Source } from "./status/log-stream";
import { created, nameOf, ownerKind } from "./status/objects";
import { Interrupted, UserError } from "./terminal/errors";
import { stackOption } from "./terminal/options";

const usage = `Usage: npm run logs -- [PART] [OPTIONS]

Prints the logs of all pods of a part, each line with its pod's name before it, in the order of time. Kubernetes keeps the
logs of a pod until it is deleted.

  PART               web (default), database, gateway, or tasks: the scheduled ones; of a stack of services, a service's name
  --follow, -f       go on as lines are written, by new pods too; Ctrl-C ends it
  --since TIME       lines of the last 30s, 10m, 2h or 1d (default: the last 200 lines of each container)
  --previous         of containers that have crashed: what they wrote before their last restart
  --stack NAME       the stack of Pulumi.NAME.yaml (default: dev)
  --kubeconfig FILE  reach the cluster by this file
  --help             this text
`;

/** Lines that are shown of each container if nobody says since when. */
const tail = 200;
/** Seconds; a kubelet, which counts in nanoseconds, takes 292 years for a time in the future. */
const oldest = 100 * 365 * 86_400;
const units: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The command `npm run logs`. */
export async function main(argv: string[]): Promise<number> {
    const args = argv.map(arg => (arg === "-f" ? "--follow" : arg));
    const { texts, flags, positionals: [given, ...more] } = readArguments(args, ["since"], ["follow", "previous"], usage);
    if (flags.help) {
        process.stdout.write(usage);
        return 0;
    }
    const name = stackOption(texts.stack);
    const parts = partsOf(readSettings(name, stackConfigFile(name)));
    const part = given ?? Object.keys(parts)[0];
    if (!Object.hasOwn(parts, part) || more.length > 0) {
        throw new UserError(`"${[part, ...more].join(" ")}" is no part of a stack; the parts are ${Object.keys(parts).join(", ")}.\n\n${usage}`);
    }
    if (flags.follow && flags.previous) {
        throw new UserError(`--previous shows what has ended, so it can't be followed: use one of the two.\n\n${usage}`);
    }
    const seconds = secondsOf(texts.since);
    const stack = await runningStack(texts);
    const signal = onInterrupt(() => undefined);
    const out = (line: string): Promise<void> => new Promise(resolve => void process.stdout.write(`${line}\n`, () => resolve()));
    // A reader that has seen enough, as `head`. Each line that was on its way fails by itself.
    const enough = new AbortController();
    process.stdout.on("error", () => enough.abort());
    const stop = AbortSignal.any([signal, enough.signal]);
    const kind = { ...(seconds === undefined ? { tailLines: tail } : { sinceSeconds: seconds }), ...(flags.previous && { previous: true }) };

    const connection = await connect(stack.kubeconfig).catch((error: Error) => { throw explained(error, stack); });
    const find = (): Promise<Source[]> => findContainers(connection, stack, { part, ...parts[part] }, flags.follow === true || flags.previous === true);
    const tell = ({ name }: Source, error: Error): void => void process.stderr.write(`${name}: ${clean(error.message)}\n`);
    if (flags.follow) {
        await follow(connection, find, kind, out, stop, tell);
        return 0;
    }
    const found = await find();
    const { lines, problems } = await readMerged(connection, found, kind, out, stop);
    if (signal.aborted) throw new Interrupted("Stopped.");
    const missing = problems.filter(({ error }) => !(flags.previous && isNothingBefore(error)));
    for (const { source, error } of missing) tell(source, error);
    if (lines === 0 && missing.length === 0 && !enough.signal.aborted) process.stderr.write(`${nothing(part, found, flags.previous === true)}\n`);
    return missing.length > 0 && !enough.signal.aborted ? 1 : 0;
}

function secondsOf(since: string | undefined): number | undefined {
    if (since === undefined) return undefined;
    const [, amount, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(since) ?? [];
    if (amount === undefined) throw new UserError(`--since ${since}: give a number and a unit, for example 30s, 10m, 2h or 1d.`);
    const seconds = Number(amount) * units[unit];
    if (seconds > oldest) throw new UserError(`--since ${since}: no log is that old. Without --since come the last ${tail} lines of each container.`);
    return seconds;
}

/** The containers of a part; without any it says why, unless some may still come. */
async function findContainers(
    connection: Parameters<typeof send>[0], stack: Running, { part, workloads, namespace, scheduled }: StackPart & { part: string }, startedOnly: boolean,
): Promise<Source[]> {
    const selector = encodeURIComponent(`app.kubernetes.io/name in (${workloads.join(",")})`);
    const { items } = await send(connection, "GET", `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`, { seconds: 20 })
        .catch((error: Error) => { throw explained(error, stack); });
    const pods = list({ items }, "items").sort((a, b) => created(a) - created(b));
    if (pods.length === 0 && !(startedOnly && scheduled)) {
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
            name: containers.length === 1 || (container === workloads[0] && ownerKind(pod) !== "Job") ? nameOf(pod) : `${nameOf(pod)}/${container}`,
        }));
    });
}

function explained(error: Error, stack: Running): UserError {
    return explainSilence(unreachable(error), stack, "list pods and to get pods/log");
}

function isNothingBefore(error: Error): boolean {
    return error instanceof KubernetesError && error.code === 400 && /previous terminated container/.test(error.message);
}

function nothing(part: string, found: Source[], previous: boolean): string {
    if (previous) return `No container of ${part} has restarted, so there is nothing from before.`;
    return found.length === 0 ? `No container of ${part} has started yet.` : `The containers of ${part} have written nothing in that time.`;
}
