import { collect } from "../status/collect";
import { type AnyRunning } from "../status/command";
import type { Problem } from "../status/problem";
import { judge } from "../status/verdict";
import { exportLine } from "../status/screen";
import type { Terminal } from "../terminal";

const second = 1000;
/** How long the engine waits for an object before the first look, how often to look, and how long a problem must have lasted. */
const pace = { first: 45 * second, interval: 15 * second, lasted: 60 * second };
/** The rules that find why an object doesn't become ready. The others find that it doesn't, or problems that don't stop a run. */
const rules = ["pod", "pods-refused", "claim", "job-failed", "node-ready", "node-pressure"];

/** A stack and the kubeconfig's file for kubectl. */
export type Looked = Pick<AnyRunning, "name" | "settings" | "kubeconfig" | "command" | "file">;

/**
 * Says why an object isn't ready while the engine waits for it, in the words of `npm run status`: each problem once. If the
 * cluster can't be asked, it tries again later without a message.
 */
export class Hindrances {
    private readonly told = new Set<string>();
    private file?: string;
    private hinted = false;
    private looking = false;

    /** @param stack the stack as it is now; undefined while it has no cluster */
    constructor(private readonly stack: () => Promise<Looked | undefined>, private readonly terminal: Terminal) {}

    /** Looks regularly while the engine waits for an object (`since` returns the start), until the returned function is called. */
    watch(since: () => number | undefined): () => void {
        let stopped = false;
        const look = async (): Promise<void> => {
            const start = since();
            if (this.looking || start === undefined || Date.now() - start < pace.first) return;
            this.looking = true;
            const found = await this.find().catch(() => []);
            this.looking = false;
            if (!stopped) this.tell(found.filter(problem => age(problem) >= pace.lasted));
        };
        const timer = setInterval(() => void look(), pace.interval);
        return () => {
            stopped = true;
            clearInterval(timer);
        };
    }

    /** The problems now, as lines for a person; none if the cluster can't be asked. */
    async describe(): Promise<string[]> {
        const found = await this.find().catch(() => []);
        return [...found.map(line), ...this.howToAsk(found)];
    }

    private async find(): Promise<Found[]> {
        const stack = await this.stack();
        if (stack === undefined) return [];
        const { name, settings, kubeconfig, command } = stack;
        this.file = stack.file;
        const seen = await collect(kubeconfig, settings.environment, settings.cluster.target !== "existing");
        const { problems, now } = judge(seen, { name, settings, command });
        return problems.filter(({ rule, severity }) => rules.includes(rule) && ["outage", "failing"].includes(severity))
            .map(problem => ({ ...problem, now }));
    }

    private tell(found: Found[]): void {
        const fresh = found.filter(problem => !this.told.has(causeOf(problem)));
        if (fresh.length === 0) return;
        const hint = this.hinted ? [] : this.howToAsk(fresh);
        this.hinted ||= hint.length > 0;
        for (const problem of fresh) this.told.add(causeOf(problem));
        for (const text of [...fresh.map(line), ...hint]) this.terminal.line(`  ${text}`);
    }

    private howToAsk(found: Problem[]): string[] {
        return found.some(({ action }) => action.includes("kubectl")) ? [`  kubectl finds the cluster by: ${exportLine(this.file)}`] : [];
    }
}

type Found = Problem & { now: number };

function line({ object, matter, action }: Problem): string {
    return `! ${object}: ${matter}. ${action}`;
}

function age({ since, now }: Found): number {
    return since === undefined ? Infinity : now - Date.parse(since);
}

/** The part that stays the same while pods, figures and reasons change: `Pod development/web can't be scheduled`. */
function causeOf({ object, group, matter }: Problem): string {
    const [kind, place = ""] = object.replace(/^Pods /, "Pod ").split(/[ /]/);
    return [kind, place, group ?? object, /^[^:(]*/.exec(matter)?.[0].replace(/\d+/g, "")].join(" ");
}

/** The kubeconfig in a state with its secrets in plain text: its provider's. Undefined until there is one. */
export function kubeconfigIn(state: string): string | undefined {
    const { deployment } = JSON.parse(state) as { deployment: { resources?: { type: string; delete?: boolean; inputs?: { kubeconfig?: Input } }[] } | null };
    const { kubeconfig } = deployment?.resources?.findLast(({ type, delete: going }) => type === "pulumi:providers:kubernetes" && !going)?.inputs ?? {};
    return typeof kubeconfig === "string" ? kubeconfig : kubeconfig && JSON.parse(kubeconfig.plaintext) as string;
}

/** A value in a state, or a secret: JSON text. */
type Input = string | { plaintext: string };
