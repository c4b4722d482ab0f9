import * as fs from "node:fs";
import * as path from "node:path";
import { digestOf } from "../../components/registry";
import { imageTags } from "../../components/versions";
import { root } from "./stack/home";
import { UserError } from "./terminal/errors";
import { parseOptions } from "./terminal/options";

const usage = `Usage: npm run update-images

Asks the registries for the digests of all images that Landfall builds on and installs, and writes them, with today's
date, to components/images.lock.json. The next run of a stack then rebuilds its own images and replaces the pods one
by one.

  --help  this text
`;

const file = path.join(root, "components/images.lock.json");

/** Tags that their projects move to newer builds. Any other tag that has moved is a mistake, or worse. */
const moving: string[] = [imageTags.base, imageTags.busybox];

/** The content of components/images.lock.json. */
export interface ImagesLock {
    date: string;
    digests: Record<string, string>;
}

/** The command `npm run update-images`. */
export async function main(args: string[]): Promise<number> {
    if (parseOptions(args, {}, usage).help) {
        process.stdout.write(usage);
        return 0;
    }
    const old = JSON.parse(fs.readFileSync(file, "utf8")) as ImagesLock;
    const lock = await updateLock(old, new Date(), image => digestOf(image));
    fs.writeFileSync(file, `${JSON.stringify(lock, undefined, 4)}\n`);
    process.stdout.write(`${describeUpdate(old, lock).join("\n")}\n`);
    return 0;
}

/** Today's lock: a digest for every image, from `ask`. @throws if a tag moved that must not move */
export async function updateLock(
    old: ImagesLock, now: Date, ask: (image: string) => Promise<string | undefined>,
): Promise<ImagesLock> {
    const names = Object.values<string>(imageTags).sort();
    const found = await Promise.all(names.map(name => ask(name).catch((error: Error) => error)));
    const problems = names.flatMap((name, index) => problemOf(name, old.digests[name], found[index]) ?? []);
    if (problems.length > 0) throw new UserError(`Nothing was changed.\n\n${problems.join("\n")}`);
    return {
        date: now.toISOString().slice(0, 10),
        digests: Object.fromEntries(names.map((name, index) => [name, found[index] as string])),
    };
}

function problemOf(name: string, old: string | undefined, found: string | Error | undefined): string | undefined {
    if (found instanceof Error) return `${name}: ${found.message}`;
    if (found === undefined) return `${name}: its registry has no such tag. components/versions.ts names it.`;
    if (old === undefined || old === found || moving.includes(name)) return undefined;
    return `${name}: the tag has moved from ${old} to ${found}, and a release should never change. Find out why. ` +
        "To accept it, remove its line from components/images.lock.json and run the command again.";
}

/** The changes, one line each. */
export function describeUpdate(old: ImagesLock, lock: ImagesLock): string[] {
    const names = [...new Set([...Object.keys(old.digests), ...Object.keys(lock.digests)])].sort();
    return [
        `date: ${old.date} → ${lock.date}`,
        ...names.filter(name => old.digests[name] !== lock.digests[name])
            .map(name => `${name}: ${old.digests[name] ?? "none"} → ${lock.digests[name] ?? "none"}`),
    ];
}
