import { PulumiCommand } from "@pulumi/pulumi/automation";
import * as path from "node:path";
import { cacheDirectory } from "../../../components/cache";
import { isCloud, type Target } from "../../config";
import { buildPulumi, builtPulumi } from "../../offline/kit";
import { Log } from "../../offline/kit/run";
import { UserError } from "../user-error";
import { addToPath, onPath } from "./programs";

/** Where our own copy of the Pulumi CLI is kept, for all stacks. */
function installation(): string {
    return path.join(cacheDirectory(), "pulumi");
}

/**
 * The Pulumi CLI of this computer: the one on PATH, else our own copy, else one that was built here; undefined where
 * there is none that will do.
 */
export async function findPulumi(target?: Target): Promise<PulumiCommand | undefined> {
    const none = (): undefined => undefined;
    const found = (await PulumiCommand.get().catch(none)) ?? (await PulumiCommand.get({ root: installation() }).catch(none));
    const built = found || (target && isCloud(target)) ? undefined : builtPulumi();
    if (!built) return found;
    addToPath(built);
    return PulumiCommand.get().catch(none);
}

/** Whether the CLI can be built here; its plugins are for all targets but the clouds. */
export function canBuildPulumi(target: Target): boolean {
    return process.platform !== "win32" && onPath("go") && !isCloud(target);
}

/** Builds the Pulumi CLI from its Go module, with the plugins that the program needs on this computer. */
export async function compilePulumi(log: Log): Promise<PulumiCommand> {
    addToPath(await buildPulumi(log));
    return PulumiCommand.get();
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
