import type { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";
import { Counter } from "./counter";
import { type Dump, inspectDump } from "./dump";
import { exchange, indent, inPod, type Part, tablesPart } from "./exchange";
import { findPod, type Pod } from "./pod";
import type { StandingStack } from "./stack";
import { framed, openUploads } from "./uploads";

interface ImportArgs {
    /** File of SQL. */
    database?: string;
    /** Directory or archive. */
    uploads?: string;
    /** Addresses that the site had, besides the one in its database. */
    from: string[];
    /** Whether existing content may be replaced. */
    yes: boolean;
}

interface Context {
    web: Pod;
    database: Pod;
    terminal: Terminal;
    signal: AbortSignal;
}

/** What import-site reports about the rewritten database. */
interface Rewritten {
    from: string[];
    to: string;
    rows: number;
    administrators: string[];
    plugins: string[];
    themes: string[];
    theme?: string;
}

/**
 * Replaces the site. Loads and prepares everything beside the existing site, then swaps database and uploads, and swaps
 * them back if anything fails after that.
 */
export async function importSite(
    { kubeconfig, settings }: StandingStack, args: ImportArgs, terminal: Terminal, signal: AbortSignal,
): Promise<void> {
    // Bad input is refused before the cluster is contacted.
    const dump = args.database === undefined ? undefined : await inspectDump(args.database);
    const archive = args.uploads === undefined ? undefined : openUploads(args.uploads);
    const { name: namespace } = settings.environment;
    const context = {
        web: await findPod(kubeconfig, namespace, "web"), database: await findPod(kubeconfig, namespace, "database"), terminal, signal,
    };
    if (!args.yes) await refuseToReplace(context);
    const parts: Part[] = [...(dump ? [databasePart(context, dump, args.from)] : []), ...(archive ? [uploadsPart(context, archive)] : [])];
    await exchange(parts, terminal, signal, {
        what: "site", undo: "run `import-database undo` in the database's pod and `import-site undo-uploads` in a web pod",
        // Updates the tables of an older WordPress.
        finish: async () => { if (dump) terminal.line(indent(await inPod(await another(context.web), ["install-site"], signal))); },
    });
}

/** A running pod of the same kind. The first may have been replaced since the import began; all share the same volume. */
function another({ kubeconfig, namespace, container }: Pod): Promise<Pod> {
    return findPod(kubeconfig, namespace, container);
}

function databasePart(context: Context, dump: Dump, from: string[]): Part {
    const { web, database, terminal, signal } = context;
    const part = tablesPart(database, dump, terminal, signal);
    return {
        ...part,
        async load() {
            await part.load();
            const end = terminal.watch(() => "  … replacing the old address");
            const request = Buffer.from(`${JSON.stringify({ from })}\n`);
            describe(await ask<Rewritten>(web, ["import-site", "rewrite"], terminal, signal, [request]).finally(end), terminal);
        },
    };
}

function uploadsPart({ web, terminal, signal }: Context, archive: () => AsyncIterable<Buffer>): Part {
    const run = (action: string) => async () => inPod(await another(web), ["import-site", action]);
    return {
        async load() {
            const counter = new Counter("uploads");
            const stop = terminal.watch(counter.status);
            const { files } = await ask<{ files: number }>(web, ["import-site", "receive-uploads"], terminal, signal,
                framed(counter.counting(archive()))).finally(stop);
            terminal.line(`  ✓ uploads unpacked: ${files} files`);
        },
        exchange: run("swap-uploads"),
        undo: run("undo-uploads"),
        drop: run("drop-uploads"),
    };
}

/** Whether the site has more than its installation makes. */
export async function hasContent({ kubeconfig, settings }: StandingStack, terminal: Terminal, signal: AbortSignal): Promise<boolean> {
    return (await contentOf({ web: await findPod(kubeconfig, settings.environment.name, "web"), terminal, signal })).length > 0;
}

async function contentOf({ web, terminal, signal }: Omit<Context, "database">): Promise<string[]> {
    const content = await ask<Record<string, number>>(web, ["import-site", "content"], terminal, signal);
    return Object.entries(content).filter(([, count]) => count > 0).map(([what, count]) => `${count} ${what}`);
}

async function refuseToReplace(context: Context): Promise<void> {
    const held = await contentOf(context);
    if (held.length === 0) return;
    throw new UserError(
        `The site has content that the import would replace: ${held.join(", ")}. Export it to keep it, then add --yes. Nothing was changed.`,
    );
}

function describe({ from, to, rows, administrators, plugins, themes, theme }: Rewritten, terminal: Terminal): void {
    terminal.line(`  ✓ address ${from.join(", ")} → ${to}: ${rows} rows changed`);
    if (plugins.length > 0) terminal.line(`  ! The site uses plugins that the image lacks: ${plugins.join(", ")} (README.md, "Plugins and themes")`);
    if (themes.length > 0) terminal.line(`  ! The site's theme isn't in the image, ${theme} is used instead: ${themes.join(", ")} (README.md, "Plugins and themes")`);
    terminal.line(administrators.length > 0
        ? `  Log in with the imported site's own users; its administrators are ${administrators.join(", ")}`
        : "  ! The imported site has no administrator: npm run admin -- user");
}

async function ask<T>(pod: Pod, command: string[], terminal: Terminal, signal: AbortSignal, input?: AsyncIterable<Buffer> | Buffer[]): Promise<T> {
    const lines = (await inPod(pod, command, signal, input)).split("\n").filter(line => line.trim() !== "");
    const answer = lines.find(line => line.startsWith("landfall:"));
    const others = lines.filter(line => !line.startsWith("landfall:"));
    if (others.length > 0) terminal.line(indent(others.join("\n")));
    if (answer) return JSON.parse(answer.slice("landfall:".length)) as T;
    throw new UserError(`${command.join(" ")} in the pod ${pod.name} gave no answer.`);
}
