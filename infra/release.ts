import * as pulumi from "@pulumi/pulumi";
import { lookingAtNothing } from "../components/cluster/lookup";
import { Refusal } from "../components/refusal";
import { readStackOutputs } from "../components/stack-outputs";
import { upgradesFrom, version } from "../package.json";

export { version };

/** The version of stacks that name none: 0.2.0 is the first that does. */
const unnamed = "0.1.0";

/**
 * Stops the program, in a preview too, where the stack was last applied by a version that this one can't carry on from,
 * or by a newer one. A run that didn't come to its end leaves the version of the one before it.
 */
export async function checkRelease(): Promise<void> {
    if (lookingAtNothing()) return;
    const outputs = await readStackOutputs();
    if (Object.keys(outputs).length === 0) return;
    const problem = releaseProblem(String(outputs.version ?? unnamed), { version, upgradesFrom });
    if (problem) throw new Refusal(`The stack "${pulumi.getStack()}" was ${problem}\nNothing was changed.`);
}

/** Why a stack that `standing` has applied isn't one to carry on from; undefined where it is. */
export function releaseProblem(
    standing: string, release: { version: string; upgradesFrom: string },
): string | undefined {
    const applied = `last applied by Landfall ${standing}; this is ${release.version}`;
    // The third number changes nothing that an older one could not carry on from.
    if (compare(standing, release.version, 2) > 0) {
        return `${applied}, which doesn't know what ${standing} has changed.\n`
            + `Use ${standing} or newer: git switch --detach v${standing}`;
    }
    if (compare(standing, release.upgradesFrom, 3) < 0) {
        return `${applied}, which carries on from ${release.upgradesFrom} or newer.\n`
            + "Apply the versions between one after the other: CHANGELOG.md says what each carries on from.";
    }
    return undefined;
}

/** Compares versions by their first numbers: above 0 where the left one is newer. */
function compare(left: string, right: string, numbers: number): number {
    const [one, two] = [left, right].map(given => given.split(".", numbers).map(Number));
    return one.map((number, index) => number - two[index]).find(difference => difference !== 0) ?? 0;
}
