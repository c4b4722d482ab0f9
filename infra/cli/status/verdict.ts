import { namespaces } from "../../../components/platform/namespaces";
import { hasEnvironment, hostsOf, sharesPlatform } from "../../config";
import type { Seen } from "./collect";
import type { AnyRunning } from "./command";
import { duration, text } from "./fields";
import { isDeleting, isLive, nameOf, type Observed } from "./objects";
import { withoutOthers } from "./others";
import type { Problem } from "./problem";
import { problemsOf } from "./problems";

/** How far two clocks may differ without anyone being told. */
const tolerance = 30_000;

/** What is wrong with a stack by what was seen of its cluster, by whose clock that is, and whether this computer's differs. */
export function judge(
    seen: Seen, { name, settings, command }: Pick<AnyRunning, "name" | "settings" | "command">,
): { problems: Problem[]; now: number; skew?: string } {
    const { now, skew } = clock(seen);
    const shares = sharesPlatform(settings.cluster);
    const own = withoutOthers(seen.observed, { stack: name, hosts: hasEnvironment(settings) ? hostsOf(settings) : [], shares });
    const found = problemsOf({
        observed: settings.cluster.target === "existing" ? withUsedNodes(own) : own,
        now, environment: settings.environment?.name, gateway: namespaces.gateway, command, apiCertificateEnds: seen.apiCertificateEnds,
        etcdSnapshots: takesSnapshots(settings),
        ...(settings.app?.type === "services" && { services: Object.keys(settings.app.services) }),
    });
    return { problems: [...withoutGuesses(found, seen), ...unreadProblems(seen)], now, skew };
}

/** Whether a stack's machines take snapshots of etcd. */
export function takesSnapshots({ cluster }: AnyRunning["settings"]): boolean {
    return "snapshots" in cluster && cluster.snapshots !== undefined;
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
