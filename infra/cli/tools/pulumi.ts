import { PulumiCommand } from "@pulumi/pulumi/automation";
import * as path from "node:path";
import { cacheDirectory } from "../../../components/cache";
import { Log } from "../../offline/kit/run";
import { UserError } from "../user-error";

/** Where our own copy of the Pulumi CLI is kept, for all stacks. */
function installation(): string {
    return path.join(cacheDirectory(), "pulumi");
}

/** The Pulumi CLI of this computer: the one on PATH, else our own copy; undefined where there is none that will do. */
export async function findPulumi(): Promise<PulumiCommand | undefined> {
    const none = (): undefined => undefined;
    return (await PulumiCommand.get().catch(none)) ?? (await PulumiCommand.get({ root: installation() }).catch(none));
}

/** Downloads the Pulumi CLI of the SDK's version. */
export async function installPulumi(log: Log): Promise<PulumiCommand> {
    log(`… Pulumi: downloading its CLI to ${installation()}`);
    return PulumiCommand.install({ root: installation() }).catch((error: Error) => {
        throw new UserError(
            `The Pulumi CLI could not be downloaded: ${error.message}\n` +
                "Run the command again, or install it yourself: https://www.pulumi.com/docs/install/",
        );
    });
}
