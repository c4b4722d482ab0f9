import * as path from "node:path";
import { pulumiDownload } from "../../../infra/cli/computer/network";
import { probes } from "../../../infra/cli/computer/probes";
import { passphraseEnvironment } from "../../../infra/cli/stack/passphrase";
import { ensurePulumi } from "../../../infra/cli/tools/pulumi";
import { names } from "./names";
import { type Ended, startProgram } from "./npm";

/** Plain `pulumi <args>` on the suite's stack, as one types it after the README. */
export async function pulumi(...args: string[]): Promise<Ended> {
    const { command } = await ensurePulumi("kind", await probes.answers(pulumiDownload), console.log);
    const environment = { ...passphraseEnvironment(), PATH: [path.dirname(command), process.env.PATH].join(path.delimiter) };
    return startProgram(command, [...args, "--stack", names.stack, "--non-interactive"], environment).ended;
}
