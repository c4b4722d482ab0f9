import { version as code } from "../../package.json";
import { namespaces } from "../../components/platform/namespaces";
import { hasEnvironment, hostsOf, sharesPlatform } from "../config";
import { asleepIn } from "./status/asleep";
import { collect, type Seen, Unreachable } from "./status/collect";
import { type AnyRunning, anyRunningStack, describeSilence, stackOptions } from "./status/command";
import { etcdSnapshotOf } from "./status/etcd-snapshot";
import { duration, text } from "./status/fields";
import { isDeleting, isLive, nameOf, type Observed } from "./status/objects";
import { withoutOthers } from "./status/others";
import type { Problem } from "./status/problem";
import { problemsOf } from "./status/problems";
import { screen } from "./status/screen";
import { imageDatesOf, nodesOf, partsOf, type Status, tasksOf } from "./status/summary";
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

/** How far two clocks may differ without anyone being told. */
const tolerance = 30_000;

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
        collect(kubeconfig, environment, target !== "existing").catch((error: Error) => {
            if (error instanceof Unreachable) return error;
            throw error;
        }),
        appliedVersion(name),
    ]);
    const etcdSnapshots = "snapshots" in settings.cluster && settings.cluster.snapshots !== undefined;
    const known = { stack: name, target, notes: [], versions: { ...(applied && { applied }), code } };
    if (seen instanceof Unreachable) {
        const problem: Problem = { severity: "outage", rule: "cluster", object: "The cluster", ...describeSilence(seen, target, command) };
        return { ...known, healthy: false, time: new Date().toISOString(), imageDates: [], nodes: [], parts: [], tasks: [], problems: [problem] };
    }
    const { now, skew } = clock(seen);
    const shares = sharesPlatform(settings.cluster);
    const own = withoutOthers(seen.observed, { stack: name, hosts: hasEnvironment(settings) ? hostsOf(settings) : [], shares });
    const judged = target === "existing" ? withUsedNodes(own) : own;
    const found = problemsOf({
        observed: judged, now, environment, gateway: namespaces.gateway, command, apiCertificateEnds: seen.apiCertificateEnds,
        etcdSnapshots,
        ...(settings.app?.type === "services" && { services: Object.keys(settings.app.services) }),
    });
    const asleep = asleepIn(seen.observed, environment);
    const problems = [...withoutGuesses(found, seen), ...unreadProblems(seen)];
    const snapshot = etcdSnapshots ? etcdSnapshotOf(seen.observed.nodes)?.taken : undefined;
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

/** An existing cluster has nodes that are none of the stack's business: those that matter are those with its pods. */
function withUsedNodes(observed: Observed): Observed {
    const used = observed.pods.filter(pod => isLive(pod) || isDeleting(pod)).map(pod => text(pod, "spec", "nodeName"));
    return { ...observed, nodes: observed.nodes.filter(node => used.includes(nameOf(node))) };
}

/** What is early and late is the cluster's to say; this computer's clock may be wrong. */
function clock({ time }: Seen): { now: number; skew?: string } {
    const own = Date.now();
    if (time === undefined || Math.abs(own - time) < tolerance) return { now: own };
    const difference = `${duration(Math.abs(own - time))} ${own > time ? "ahead of" : "behind"}`;
    return { now: time, skew: `this computer's clock is ${difference} the cluster's.` };
}

/** That something isn't there can only be said if all of it could be read. */
function withoutGuesses(problems: Problem[], { unread }: Seen): Problem[] {
    return unread.length === 0 ? problems : problems.filter(({ rule }) => !["nothing-runs", "stateful-set"].includes(rule));
}

function unreadProblems({ unread }: Seen): Problem[] {
    const [forbidden, failed] = [true, false].map(wanted => unread.filter(each => each.forbidden === wanted));
    const namesOf = (list: Seen["unread"]): string =>
        list.slice(0, 3).map(({ what }) => what).join(", ") + (list.length > 3 ? ` and ${list.length - 3} more` : "");
    const problem = (list: Seen["unread"], action: string): Problem[] => (list.length === 0 ? [] : [{
        severity: "unknown", rule: "unread", object: namesOf(list),
        matter: `couldn't be read: ${list[0].why.slice(0, 300)}`, action,
    }]);
    return [
        ...problem(forbidden, "Use a kubeconfig whose user may list them: --kubeconfig FILE"),
        ...problem(failed, "Run the command again. If it stays so, the cluster is overloaded"),
    ];
}
