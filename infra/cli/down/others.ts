import { connect, read } from "../../../components/cluster/kubernetes-api";
import { madeBy } from "../../../components/cluster/ownership/marks";
import { namespaces } from "../../../components/platform/namespaces";
import type { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";

const project = "landfall";

/** Another stack that has an environment on a stack's platform. */
interface Sharer {
    /** @example "landfall/uat" */
    stack: string;
    hosts: string[];
}

interface Certificate {
    metadata: { annotations?: Record<string, string> };
    spec: { isCA?: boolean; dnsNames?: string[] };
}

/** The other stacks whose hosts have a certificate of this stack's platform. */
async function sharersOf(stack: string, kubeconfig: string): Promise<Sharer[]> {
    const path = `/apis/cert-manager.io/v1/namespaces/${namespaces.certificates}/certificates`;
    const list = await read(await connect(kubeconfig), path, { patience: 5 });
    const sharers = new Map<string, string[]>();
    for (const { metadata, spec } of (list?.items ?? []) as Certificate[]) {
        const owner = metadata.annotations?.[madeBy];
        if (owner === undefined || owner === `${project}/${stack}` || spec.isCA) continue;
        sharers.set(owner, [...sharers.get(owner) ?? [], ...spec.dnsNames ?? []]);
    }
    return [...sharers].map(([name, hosts]) => ({ stack: name, hosts })).sort((a, b) => a.stack.localeCompare(b.stack));
}

/**
 * Refuses to remove a platform that other stacks' environments need. If the cluster doesn't answer, there is nothing to protect.
 * @throws UserError that names them, and the order
 */
export async function refuseWhileShared(stack: string, kubeconfig: string | undefined, terminal: Terminal): Promise<void> {
    if (kubeconfig === undefined) return;
    const sharers = await sharersOf(stack, kubeconfig).catch((error: Error) => {
        terminal.line(`  The cluster doesn't say whether other stacks have environments on it: ${error.message}`);
        return [];
    });
    if (sharers.length > 0) throw new UserError(refusal(stack, sharers));
}

function refusal(stack: string, sharers: Sharer[]): string {
    const own = sharers.filter(sharer => sharer.stack.startsWith(`${project}/`)).map(sharer => sharer.stack.slice(project.length + 1));
    return [
        `Other stacks have environments on the cluster of the stack "${stack}", and need its platform:`,
        ...sharers.map(({ stack, hosts }) => `  ${stack}: ${hosts.join(", ")}`),
        "Nothing was removed. Remove them first, in any order, then this stack:",
        ...[...own, stack].map(name => `  npm run down -- --stack ${name}`),
        "To remove this stack anyway, add --despite-others. Their sites then stop at once, and lose their data if the cluster is deleted too.",
    ].join("\n");
}
