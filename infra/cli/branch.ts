import { collectGarbage } from "./branch/gc";
import { checkBranch, currentBranch, findRepository } from "./branch/git";
import { listEnvironments, table } from "./branch/list";
import { environmentName } from "./branch/name";
import { openPlace } from "./branch/platform";
import { readRecords } from "./branch/records";
import { removeEnvironment } from "./branch/remove";
import { ownerOf, readTemplate } from "./branch/settings";
import { upBranch } from "./branch/up";
import { askFor } from "./down/confirm";
import { root } from "./stack/home";
import { Terminal } from "./terminal";
import { UserError } from "./terminal/errors";
import { onInterrupt } from "./terminal/interrupt";
import { flag, parseCommand, place, quoted, text } from "./terminal/options";

const usage = `Usage: npm run branch -- up [BRANCH]
       npm run branch -- down [BRANCH] [--yes]
       npm run branch -- list
       npm run branch -- gc [--unused DAYS] [--dry-run] [--yes]

An environment for a git branch: a stack, a namespace and a host of its own on the cluster that Pulumi.branch.yaml names.

  up             brings it up with what is in this directory, and prints its address
  down           removes it with its data: objects, volumes, images, state and settings
  list           all branches' environments on the cluster
  gc             removes those whose branch is gone from the remote, or that nobody used for some days

  BRANCH         the git branch (default: the one that is checked out)
  --remote NAME  the remote, or its address, that has the branches (default: origin)
  --template F   the file with the settings of all (default: Pulumi.branch.yaml)
  --seed DIR     up: load this seed (npm run site -- seed) into a WordPress site that is still empty
  --unused DAYS  gc: days without use after which an environment goes; 0 for never (default: 7)
  --dry-run      gc: only say what would be removed
  --yes          remove without asking
  --json         print the result as JSON; for another program: npm run -s branch -- list --json
  --help         this text
`;

const actions = ["up", "down", "list", "gc"] as const;
type Action = typeof actions[number];

const options = { remote: text, template: place, seed: place, unused: text, "dry-run": flag, yes: flag, json: flag };
type Values = ReturnType<typeof parseCommand<typeof options>>["values"];

/** The command `npm run branch`. */
export async function main(argv: string[]): Promise<number> {
    const { values, positionals: [given, branch, ...more] } = parseCommand(argv, options, usage);
    // Whatever is not the result goes to standard error if another program reads that.
    const terminal = new Terminal(values.json ? process.stderr : process.stdout);
    if (values.help || given === undefined) {
        process.stdout.write(usage);
        return values.help ? 0 : 1;
    }
    const action = actions.find(name => name === given);
    const takesBranch = action === "up" || action === "down";
    if (action === undefined || more.length > 0 || (branch !== undefined && !takesBranch)) {
        throw new UserError(`"${[given, branch, ...more].filter(Boolean).join(" ")}" isn't an action of this command.\n\n${usage}`);
    }
    refuseOthersOptions(action, values);
    return run(action, branch, values, terminal);
}

/** Who gives `down` the option --dry-run doesn't expect that anything is removed. */
function refuseOthersOptions(action: Action, values: Values): void {
    const owners = { seed: "up", unused: "gc", "dry-run": "gc" } as const;
    for (const [option, owner] of Object.entries(owners)) {
        if (values[option as keyof typeof owners] === undefined || owner === action) continue;
        throw new UserError(`--${option} is an option of ${owner}, not of ${action}. Nothing was changed.`);
    }
}

async function run(action: Action, given: string | undefined, values: Values, terminal: Terminal): Promise<number> {
    const unused = days(values.unused);
    const template = readTemplate(values.template);
    if (action === "list") {
        const environments = await listEnvironments((await openPlace(template, terminal)).connection);
        return print(values, environments, table(environments));
    }
    const repository = await findRepository(root, values.remote);
    const branch = action === "gc" ? "" : given ?? await currentBranch(root);
    if (action !== "gc") await checkBranch(root, branch);
    const signal = onInterrupt(terminal.line);
    const place = await openPlace(template, terminal);
    const context = { place, template, repository, terminal, signal, seed: values.seed };
    if (action === "up") {
        const begin = Date.now();
        const environment = await upBranch(branch, context);
        return print(values, { ...environment, seconds: Math.round((Date.now() - begin) / 1000) });
    }
    if (action === "gc") {
        const done = await collectGarbage(repository, { unused, dryRun: values["dry-run"] === true, yes: values.yes === true }, context);
        print(values, done);
        return done.failed.length === 0 ? 0 : 1;
    }
    const owner = { branch, repository: repository.identity };
    // Its name may have been made with another prefix.
    const record = (await readRecords(place.connection)).find(one => one.branch === branch && one.repository === owner.repository);
    const name = record?.name ?? environmentName(branch, template.settings.environment.name);
    if (!values.yes && (record ?? ownerOf(name)) !== undefined) await confirm(branch, terminal, signal);
    const removed = await removeEnvironment({ name, ...owner }, context);
    return print(values, { branch, stack: name, removed });
}

async function confirm(branch: string, terminal: Terminal, signal: AbortSignal): Promise<void> {
    await askFor(branch, {
        question: `The environment of the branch ${branch} and its data would be deleted. To delete them, type the branch's name:`,
        alone: `The environment of the branch ${branch} and its data would be deleted. Nothing was changed.\n`
            + `To delete them without being asked: npm run branch -- down ${quoted(branch)} --yes`,
        other: "That is not the branch's name. Nothing was changed.",
    }, { terminal, signal });
}

function print({ json }: Values, result: object, text?: string): number {
    if (json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
    else if (text !== undefined) process.stdout.write(`${text}\n`);
    return 0;
}

function days(given = "7"): number {
    if (/^\d{1,4}$/.test(given)) return Number(given);
    throw new UserError(`--unused ${given}: a number of days, such as 7, or 0 for never. Nothing was changed.`);
}
