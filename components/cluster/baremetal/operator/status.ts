// Run at program start: prints the incarnations of the cluster and its nodes as the machines know them. A node that was removed
// or installed again by hand has none, so the program creates it again with a new one.
import type { Found } from "../../lookup";
import { fail, main } from "../../scripts/process";
import { renderScript } from "../machine/script";
import { parseStatus, standingOf, statusTasks } from "../machine/status";
import type { NodeFacts } from "../program/facts";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { describeFailure } from "./ssh-failure";

/** A machine's answer, or why there is none. */
type Answer = Partial<ReturnType<typeof parseStatus>> & { problem?: string };

async function status(): Promise<string> {
    const { cluster, nodes, ssh } = readFacts<"status">();
    const script = renderScript(statusTasks(cluster.owner), {}, { looks: true });
    const answers = await withSsh({ ssh, nodes }, connection => Promise.all(nodes.map(async node => {
        const result = await connection.attempt(node, script);
        const answer: Answer = result.ok ? parseStatus(result.stdout) : { problem: describeFailure(node, result) };
        return { ...answer, node };
    })), { quick: true });
    return JSON.stringify({ ...statusOf(answers), warnings: warningsOf(answers, Date.now() / 1000) });
}

/**
 * For a node that doesn't answer, the control plane's record counts. The cluster counts as gone only if the whole control plane says
 * so, and a silent machine as removed only if the API says so.
 */
function statusOf(answers: (Answer & { node: NodeFacts })[]): Found {
    const controlPlane = answers.filter(({ node }) => node.role === "control-plane");
    const incarnation = controlPlane.find(answer => answer.incarnation)?.incarnation;
    const problems = controlPlane.flatMap(({ problem }) => problem ?? []);
    if (!incarnation && problems.length > 0) {
        fail(`It isn't known whether there is a cluster. Nothing was changed.\n\n${problems.join("\n\n")}`);
    }
    const silent = answers.filter(({ problem }) => problem);
    if (incarnation && silent.length > 0 && !answers.some(({ asked }) => asked)) {
        const names = silent.map(({ node }) => node.name).join(", ");
        fail(`${names} and the API don't answer, so it isn't known whether the cluster still needs them. Nothing was changed. Run ` +
            "again once one of them answers, or take the lines of machines that won't come back out of landfall:cluster.nodes.\n\n" +
            silent.map(({ problem }) => problem).join("\n\n"));
    }
    const known: Record<string, string> = Object.assign({}, ...answers.map(answer => answer.known ?? {}));
    const members = answers.flatMap(({ node, member, problem }) => {
        const id = problem ? known[node.name] : member;
        return id ? [[node.name, id]] : [];
    });
    const signed = answers.flatMap(({ administrator }) => administrator ?? []);
    const administrator = signed.sort((a, b) => a.signed - b.signed).pop();
    return { incarnation, members: Object.fromEntries(members), administrator, standing: standingOf(answers) };
}

/** Least free part of a disk, in per cent, and the days that certificates normally have left. */
const least = { free: 10, certificate: 30, authority: 365 };

interface Health {
    /** Per cent of the disk. */
    free?: number;
    snapshots?: string;
    /** In seconds since 1970. */
    expires?: { file: string; ends: number }[];
}

/** Warnings; `now` is in seconds since 1970. */
export function warningsOf(answers: (Health & { node: NodeFacts })[], now: number): string[] {
    return answers.flatMap(({ node, free, snapshots, expires = [] }) => [
        ...expires.flatMap(({ file, ends }) => expiryProblem(file, (ends - now) / 86_400) ?? []),
        ...(free !== undefined && free < least.free ? [`has ${free} % of its disk under /var/lib free. Below ${least.free} % the kubelet evicts pods.`] : []),
        ...(snapshots === "failed" ? ["could not take the last snapshot of etcd: journalctl --unit landfall-snapshot"] : []),
    ].map(warning => `${node.name} (${node.host}) ${warning}`));
}

/** Certificates are renewed long before these limits; authorities never. */
function expiryProblem(file: string, days: number): string | undefined {
    const isAuthority = /(^|-|\/)ca\.crt$/.test(file);
    if (days > (isAuthority ? least.authority : least.certificate)) return undefined;
    const end = days < 0 ? "has ended" : `ends in ${Math.floor(days)} days`;
    if (isAuthority) {
        return `has the authority ${file}, which ${end}. Landfall doesn't renew authorities: move to a new cluster before.`;
    }
    const unit = file.startsWith("/") ? "kubelet" : "landfall-certificates";
    return `has the certificate ${file}, which ${end}, and should have been renewed: journalctl --unit ${unit}`;
}

if (require.main === module) void main(status);
