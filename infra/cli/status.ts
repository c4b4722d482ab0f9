import { version as code } from "../../package.json";
import { asleepIn } from "./status/asleep";
import { collect, Unreachable } from "./status/collect";
import { type AnyRunning, anyRunningStack, describeSilence, stackOptions } from "./status/command";
import { etcdSnapshotOf } from "./status/etcd-snapshot";
import type { Problem } from "./status/problem";
import { screen } from "./status/screen";
import { imageDatesOf, nodesOf, partsOf, type Status, tasksOf } from "./status/summary";
import { judge, takesSnapshots } from "./status/verdict";
import { appliedVersion } from "./status/version";
import { UserError } from "./terminal/errors";
import { flag, parseCommand } from "./terminal/options";

const usage = `Usage: npm run status [-- OPTIONS]

Shows on one screen what runs of a stack, since when, which version and where; then what is wrong and what to do about
it, the worst first. Changes nothing.

  --stack NAME       the stack of Pulumi.NAME.yaml (default: dev)
  --json             the same as JSON; for another program: npm run -s status -- --json
  --kubeconfig FILE  reach the cluster by this file
  --help             this text

Exit code: 0 if nothing is wrong, 1 if something is, or if the stack can't be looked at.
`;

/** The command `npm run status`. */
export async function main(argv: string[]): Promise<number> {
    const { values, positionals } = parseCommand(argv, { ...stackOptions, json: flag }, usage);
    if (values.help) {
        process.stdout.write(usage);
        return 0;
    }
    if (positionals.length > 0) throw new UserError(`"${positionals.join(" ")}" isn't expected here.\n\n${usage}`);
    const stack = await anyRunningStack(values);
    const status = await statusOf(stack);
    process.stdout.write(values.json ? `${JSON.stringify(status, undefined, 2)}\n` : `${screen(status, stack.file)}\n`);
    return status.healthy ? 0 : 1;
}

/** Looks at a stack. A cluster that doesn't answer is its first problem. */
export async function statusOf({ name, settings, kubeconfig, command }: AnyRunning): Promise<Status> {
    const { target } = settings.cluster;
    const environment = settings.environment?.name;
    const [seen, applied] = await Promise.all([
        collect(kubeconfig, settings.environment, target !== "existing").catch((error: Error) => {
            if (error instanceof Unreachable) return error;
            throw error;
        }),
        appliedVersion(name),
    ]);
    const known = { stack: name, target, notes: [], versions: { ...(applied && { applied }), code } };
    if (seen instanceof Unreachable) {
        const problem: Problem = { severity: "outage", rule: "cluster", object: "The cluster", ...describeSilence(seen, target, command) };
        return { ...known, healthy: false, time: new Date().toISOString(), imageDates: [], nodes: [], parts: [], tasks: [], problems: [problem] };
    }
    const { problems, now, skew } = judge(seen, { name, settings, command });
    const asleep = asleepIn(seen.observed, environment);
    const snapshot = takesSnapshots(settings) ? etcdSnapshotOf(seen.observed.nodes)?.taken : undefined;
    return {
        ...known, healthy: problems.length === 0, time: new Date(now).toISOString(),
        notes: skew ? [skew] : [],
        ...(seen.address && { address: seen.address }),
        ...(asleep !== undefined && { asleep: new Date(asleep.since).toISOString() }),
        versions: { ...known.versions, kubernetes: seen.version },
        imageDates: imageDatesOf(seen, environment),
        nodes: nodesOf(seen), parts: partsOf(seen, environment), tasks: tasksOf(seen, environment),
        ...(snapshot !== undefined && { etcdSnapshot: new Date(snapshot).toISOString() }), problems,
    };
}
