import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { absolutePath } from "../../config/schema/fields";
import { UserError } from "../terminal/errors";

/** The last commit of a version that could do without Pulumi. */
const lastWithOfflineEngine = "d8d3b87";

/** Root of the project: where Pulumi.yaml is. */
export const root = path.resolve(__dirname, "../../..");

/** Where what belongs to this user's stacks is kept: `$LANDFALL_HOME`, else `~/.landfall`. */
export function home(): string {
    return process.env.LANDFALL_HOME || path.join(os.homedir(), ".landfall");
}

/** A path of the settings, on this computer; read as the cluster's scripts read it. */
export function localPath(given: string): string {
    return absolutePath(given.replace(/^~[\\/]\.landfall(?=$|[\\/])/, () => home()));
}

/** Whether a directory of the settings has volumes in it: more than the mark that their owner leaves. */
export function hasVolumes(given: string): boolean {
    const directory = localPath(given);
    return fs.existsSync(directory) && fs.readdirSync(directory).some(name => !name.startsWith("."));
}

/** The files that `npm start` keeps of one stack. */
export const stackFiles = ["start.json", "admin-password", "ca.crt", "kubeconfig", "config.yaml"] as const;

/** Where one of them is. */
export function stackFile(stack: string, name: (typeof stackFiles)[number]): string {
    return path.join(home(), stack, name);
}

/** The stack's configuration. */
export function configFile(stack: string): string {
    return path.join(root, `Pulumi.${stack}.yaml`);
}

/** How a stack was started, so that a later start and `down` do it in the same way. */
export interface StackRecord {
    /** Whether the cluster's node image comes from the kit. */
    kit: boolean;
    /** Whether Docker's network for kind was made by this stack's start. */
    network: boolean;
    /** Names of the images that the stack has built on this computer. */
    images: string[];
    /** Images of such names that were there before the stack: with the same sources they are another's as well. */
    foreignImages: string[];
}

/** How the stack was started; undefined where it was not, or not by `npm start`. */
export function readRecord(stack: string): StackRecord | undefined {
    const file = stackFile(stack, "start.json");
    return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as StackRecord) : undefined;
}

/** Refuses a stack that was made without Pulumi, by a stand-in that Landfall once had for closed networks. */
export function refuseOfflineState(stack: string): void {
    if (!fs.existsSync(path.join(home(), stack, "offline"))) return;
    throw new UserError(
        `An earlier version of Landfall made the stack "${stack}" without Pulumi. Only that version can remove it. ` +
            "Do that first, in a clone with its history and with the stack's settings as they were; its data goes too:\n" +
            `  git worktree add ../landfall-offline ${lastWithOfflineEngine}\n` +
            "  cp Pulumi.*.yaml ../landfall-offline/\n" +
            "  cd ../landfall-offline\n" +
            `  npm run down -- --stack ${stack}\n` +
            "Copy all stacks' files: the old version keeps the passphrase as long as one of them has secrets. " +
            "Then remove the worktree: git worktree remove --force ../landfall-offline\n" +
            "Nothing was changed.",
    );
}

/** Remembers how the stack was started. */
export function writeRecord(stack: string, record: StackRecord): void {
    writePrivate(stackFile(stack, "start.json"), `${JSON.stringify(record)}\n`);
}

/** Adds to the images that are remembered of a stack which `npm start` has started, but for another's. */
export function rememberImages(stack: string, images: readonly string[]): void {
    const record = readRecord(stack);
    if (!record) return;
    const own = images.filter(image => !record.foreignImages.includes(image));
    writeRecord(stack, { ...record, images: [...new Set([...record.images, ...own])] });
}

/** The stacks that `npm start` knows. */
export function knownStacks(): string[] {
    if (!fs.existsSync(home())) return [];
    return fs.readdirSync(home()).filter(name => fs.existsSync(stackFile(name, "start.json")));
}

/** Writes a file that only this user can read, whole or not at all. */
export function writePrivate(file: string, content: string): void {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const unfinished = `${file}.${process.pid}.tmp`;
    fs.rmSync(unfinished, { force: true });
    fs.writeFileSync(unfinished, content, { mode: 0o600 });
    fs.renameSync(unfinished, file);
}

/** Removes directories that are empty; others stay. */
export function removeEmpty(...directories: string[]): void {
    for (const directory of directories) {
        if (fs.existsSync(directory) && fs.readdirSync(directory).length === 0) fs.rmdirSync(directory);
    }
}
