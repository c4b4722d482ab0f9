import * as fs from "node:fs";
import * as path from "node:path";
import { home, resolvePath } from "../../../components/cluster/scripts/home";
import { writeWhole } from "../../../components/files";
import { UserError } from "../terminal/errors";

export { home };

/** The last commit of a version that worked without Pulumi. */
const lastWithOfflineEngine = "d8d3b87";

/** Root of the project: where Pulumi.yaml is. */
export const root = path.resolve(__dirname, "../../..");

/** Whether a directory in the settings contains volumes, not only the owner's marker file. */
export function hasVolumes(given: string): boolean {
    const directory = resolvePath(given);
    return fs.existsSync(directory) && fs.readdirSync(directory).some(name => !name.startsWith("."));
}

/** The files that `npm start` saves for a stack. */
export const stackFiles = ["start.json", "admin-password", "ca.crt", "kubeconfig", "config.yaml"] as const;

/** Path of one of them. */
export function stackFile(stack: string, name: (typeof stackFiles)[number]): string {
    return path.join(home(), stack, name);
}

/** The stack's configuration. */
export function configFile(stack: string): string {
    return path.join(root, `Pulumi.${stack}.yaml`);
}

/** How a stack was started, for later starts and for `down`. */
export interface StackRecord {
    /** Whether the cluster's node image comes from the kit. */
    kit: boolean;
    /** Whether this stack's start created Docker's network for kind. */
    network: boolean;
    /** Names of the images that the stack built on this computer. */
    images: string[];
    /** Images with such names that existed before the stack: with the same sources, another stack uses them too. */
    foreignImages: string[];
}

/** How the stack was started; undefined if `npm start` didn't start it. */
export function readRecord(stack: string): StackRecord | undefined {
    const file = stackFile(stack, "start.json");
    return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as StackRecord) : undefined;
}

/** Refuses a stack that version 0.1.0 created without Pulumi, on a closed network. */
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

/** Records how the stack was started. */
export function writeRecord(stack: string, record: StackRecord): void {
    writeWhole(stackFile(stack, "start.json"), `${JSON.stringify(record)}\n`);
}

/** Adds images to the record of a stack, except those that existed before it. */
export function rememberImages(stack: string, images: readonly string[]): void {
    const record = readRecord(stack);
    if (!record) return;
    const own = images.filter(image => !record.foreignImages.includes(image));
    writeRecord(stack, { ...record, images: [...new Set([...record.images, ...own])] });
}

/** The stacks that `npm start` started. */
export function knownStacks(): string[] {
    if (!fs.existsSync(home())) return [];
    return fs.readdirSync(home()).filter(name => fs.existsSync(stackFile(name, "start.json")));
}

/** Removes those of the directories that are empty. */
export function removeEmpty(...directories: string[]): void {
    for (const directory of directories) {
        if (fs.existsSync(directory) && fs.readdirSync(directory).length === 0) fs.rmdirSync(directory);
    }
}
