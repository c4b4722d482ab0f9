import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { cacheDirectory } from "../../../components/cache";
import { root } from "../stack/home";
import { passphraseEnvironment, passphraseFile } from "../stack/passphrase";
import { executable, onPath } from "../tools/programs";
import { clean } from "./fields";

const patience = 15_000;

/**
 * The version of Landfall that last applied the stack, from the stack's output `version`; undefined if no Pulumi CLI is
 * installed or it doesn't know the stack. Reads only: nothing is downloaded, created or unlocked.
 */
export async function appliedVersion(stack: string): Promise<string | undefined> {
    const program = onPath("pulumi") ? "pulumi" : await installed();
    if (!program) return undefined;
    const passphrase = fs.existsSync(passphraseFile()) ? passphraseEnvironment() : {};
    const env = { ...process.env, ...passphrase, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const args = ["stack", "output", "version", "--stack", stack, "--non-interactive"];
    return new Promise(resolve => {
        execFile(program, args, { cwd: root, env, timeout: patience }, (error, stdout) => {
            const found = /^\d+\.\d+\.\d+\S*$/.exec(clean(stdout))?.[0];
            resolve(error ? undefined : found);
        });
    });
}

/** A copy of Landfall's own: a downloaded one, or one that was built here. */
async function installed(): Promise<string | undefined> {
    const { builtPulumi } = await import("../../offline/kit/pulumi");
    const directories = [path.join(cacheDirectory(), "pulumi", "bin"), builtPulumi()];
    return directories.flatMap(directory => (directory ? path.join(directory, executable("pulumi")) : [])).find(file => fs.existsSync(file));
}
