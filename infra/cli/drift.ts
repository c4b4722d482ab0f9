import { limits, renderComments } from "./preview/comment";
import type { Plan } from "./preview/plan";
import { planStack } from "./preview/stacks";
import { onInterrupt } from "./terminal/interrupt";
import { parseOptions, stackOption, texts } from "./terminal/options";

const usage = `Usage: npm run drift [-- --stack NAME...]

Shows what someone has changed since the last "npm start", by hand or by another program, as Markdown. It changes nothing.

  --stack NAME  a stack, or several (default: dev)
  --help        this text

The exit code is 0 if everything is as it was applied, and 1 if something has changed or a stack couldn't be read.
`;

/** The command `npm run drift`. */
export async function main(args: string[]): Promise<number> {
    const { stack: given = ["dev"], help } = parseOptions(args, { stack: texts }, usage);
    if (help) {
        process.stdout.write(usage);
        return 0;
    }
    const log = (line: string): void => void process.stderr.write(`${line}\n`);
    const signal = onInterrupt(log);
    const plans: Plan[] = [];
    for (const stack of new Set(given.map(stackOption))) {
        log(`… Looking at the stack "${stack}"`);
        plans.push(await planStack(stack, "refresh", log, signal));
    }
    process.stdout.write(renderComments(plans, limits.github, "drift").join("\n"));
    return plans.some(({ changes, errors }) => changes.length + errors.length > 0) ? 1 : 0;
}
