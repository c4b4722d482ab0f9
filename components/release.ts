import * as pulumi from "@pulumi/pulumi";
import { upgradesFrom, version } from "../package.json";
import { lookingAtNothing } from "./cluster/lookup";
import { Refusal } from "./refusal";
import { readStackOutputs, readStackResources } from "./stack-outputs";

export { version };

/** Where the version is known that last applied the stack, and where to get another. */
export interface ReleaseSource {
    /** Undefined if the stack doesn't say. */
    read: () => Promise<string | undefined>;
    /** @example "Use 0.5.0 or newer." */
    howToGet: (version: string) => string;
}

const recordType = "landfall:cluster:Release";

/** Records in the state of a program with the library which version applies it. */
export class ReleaseRecord extends pulumi.ComponentResource {
    constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
        super(recordType, name, {}, opts);
        this.registerOutputs({ version });
    }
}

/** Programs with the library; their own outputs say nothing about Landfall. */
export const recordedRelease: ReleaseSource = {
    async read() {
        const records = Object.entries(await readStackResources()).filter(([urn]) => urn.split("::")[2].split("$").pop() === recordType);
        const versions = records.map(([, { outputs }]) => outputs?.version).filter(found => typeof found === "string");
        return versions.sort((left, right) => compare(left, right, 3)).pop();
    },
    howToGet: version => `Install the package of ${version} or newer.`,
};

/** 0.2.0 is the first version that Landfall's own program puts out. */
const unnamed = "0.1.0";

/** Landfall's own program, whose stacks have the output `version`. */
export const stackRelease: ReleaseSource = {
    async read() {
        const outputs = await readStackOutputs();
        return Object.keys(outputs).length === 0 ? undefined : String(outputs.version ?? unnamed);
    },
    howToGet: version => `Use ${version} or newer: git switch --detach v${version}`,
};

/**
 * Stops the program, in a preview too, if a newer version last applied the stack, or one that this version can't upgrade. A run
 * that was interrupted before it changed anything leaves the previous version in the state.
 */
export async function checkRelease({ read, howToGet }: ReleaseSource): Promise<void> {
    if (lookingAtNothing()) return;
    const applied = await read();
    const problem = applied && releaseProblem(applied, { version, upgradesFrom, howToGet });
    if (problem) throw new Refusal(`The stack "${pulumi.getStack()}" was ${problem}\nNothing was changed.`);
}

/** Why this release can't upgrade a stack that the version `applied`; undefined if it can. */
export function releaseProblem(
    applied: string, release: { version: string; upgradesFrom: string } & Pick<ReleaseSource, "howToGet">,
): string | undefined {
    const last = `last applied by Landfall ${applied}; this is ${release.version}`;
    // An older patch version can apply a stack of a newer one.
    if (compare(applied, release.version, 2) > 0) {
        return `${last}, which doesn't know what ${applied} changed.\n${release.howToGet(applied)}`;
    }
    if (compare(applied, release.upgradesFrom, 3) < 0) {
        return `${last}, which upgrades stacks of ${release.upgradesFrom} or newer.\n`
            + "Apply the versions in between, one after the other: CHANGELOG.md says which stacks each of them upgrades.";
    }
    return undefined;
}

/** Compares versions by their first numbers: above 0 if the left one is newer. */
function compare(left: string, right: string, numbers: number): number {
    const [one, two] = [left, right].map(given => given.split(".", numbers).map(Number));
    return one.map((number, index) => number - two[index]).find(difference => difference !== 0) ?? 0;
}
