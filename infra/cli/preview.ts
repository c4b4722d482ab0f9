import { affectedStacks, changedFiles } from "./preview/affected";
import { limits, renderComments } from "./preview/comment";
import { losesData, type Plan } from "./preview/plan";
import { candidateOf, planStack, stacksHere } from "./preview/stacks";
import { writePlans } from "./preview/written";
import { onInterrupt } from "./terminal/interrupt";
import { parseOptions, place, stackOption, text, texts } from "./terminal/options";

const usage = `Usage: npm run preview [-- --stack NAME...] [--base REVISION] [--out DIRECTORY]

Shows what "npm start" would change, as Markdown, and changes nothing.

  --stack NAME     a stack, or several (default: dev; with --base, all that have a file here)
  --base REVISION  leaves out the stacks that the changes since this revision can't touch, for example origin/main
  --out DIRECTORY  also writes what "npm run comment" reads
  --help           this text

The exit code is 0 if nothing is lost, 1 if a preview failed, and 3 if data would be lost.
`;

/** Exit codes of `preview` and `comment`. */
export const codes = { fine: 0, failed: 1, losesData: 3 } as const;

/** The command `npm run preview`. */
export async function main(args: string[]): Promise<number> {
    const { stack: given, base, out, help } = parseOptions(args, { stack: texts, base: text, out: place }, usage);
    if (help) {
        process.stdout.write(usage);
        return 0;
    }
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    const signal = onInterrupt(log);
    const candidates = [...new Set((given ?? (base === undefined ? ["dev"] : stacksHere())).map(stackOption))];
    const files = base === undefined ? undefined : await changedFiles(base);
    if (base !== undefined && files === undefined) {
        log(`git can't tell what has changed since ${base}, so every stack is previewed. CI must fetch the history.`);
    }
    const stacks = files === undefined ? candidates : affectedStacks(files, candidates.filter(stack => !isDeleted(stack, files)).map(candidateOf));
    const plans = (files ?? []).flatMap(file => deletedBy(file, given));
    for (const stack of stacks) {
        log(`… Previewing the stack "${stack}"`);
        plans.push(await planStack(stack, "preview", log, signal));
    }
    process.stdout.write(renderComments(plans, limits.gitlab).join("\n"));
    if (out !== undefined) writePlans(out, plans);
    return codes[verdictOf(plans)];
}

/** A failed preview comes first: what it would have lost isn't known. */
export function verdictOf(plans: readonly Plan[]): keyof typeof codes {
    if (plans.some(({ errors }) => errors.length > 0)) return "failed";
    return plans.some(losesData) ? "losesData" : "fine";
}

/** Whether the change deletes the stack's file. */
function isDeleted(stack: string, files: readonly string[]): boolean {
    return files.includes(`Pulumi.${stack}.yaml`) && !stacksHere().includes(stack);
}

/** What is said of a stack whose file the change deletes: nothing of it is deleted. */
function deletedBy(file: string, given: readonly string[] | undefined): Plan[] {
    const [, stack] = /^Pulumi\.([^/]+)\.yaml$/.exec(file) ?? [];
    if (stack === undefined || stacksHere().includes(stack) || (given && !given.includes(stack))) return [];
    const notes = [`The change deletes the stack's file. The stack stays until \`npm run down\` removes it, which needs the file: do that first.`];
    return [{ stack, counts: { create: 0, update: 0, replace: 0, delete: 0, same: 0 }, changes: [], warnings: [], errors: [], notes }];
}
