import { PulumiCommand } from "@pulumi/pulumi/automation";
import * as path from "node:path";
import { cacheDirectory } from "../../../components/cache";
import { isCloud, type Target } from "../../config";
import { buildPulumi, builtPulumi } from "../../offline/kit";
import { Log } from "../../offline/kit/run";
import { UserError } from "../terminal/errors";
import { addToPath, onPath } from "./programs";

const guide = "https://www.pulumi.com/docs/install/";

/** Directory of our copy of the Pulumi CLI, for all stacks. */
function installation(): string {
    return path.join(cacheDirectory(), "pulumi");
}

/**
 * The Pulumi CLI: the one on PATH, else our own copy, downloaded if get.pulumi.com is `reachable`, else one that is
 * built from its Go module. That one includes the plugins for targets on this computer or on machines.
 */
export async function ensurePulumi(target: Target | undefined, reachable: boolean, log: Log): Promise<PulumiCommand> {
    const none = (): undefined => undefined;
    const found = (await PulumiCommand.get().catch(none)) ?? (await PulumiCommand.get({ root: installation() }).catch(none));
    if (found) return found;
    if (reachable) return download(log);
    const built = builtPulumi();
    const reuse = built !== undefined && !onPath("go") && !(target && isCloud(target));
    if (!reuse) refuseToBuild(target);
    log("– Pulumi: built here, with this project's own plugins in place of its providers command, docker and random");
    addToPath(reuse ? built : await buildPulumi(log));
    return PulumiCommand.get();
}

/**
 * Downloads the Pulumi CLI of the SDK's version: the SDK runs Pulumi's own installer from get.pulumi.com. Unlike
 * download.ts for kind and minikube, this compares no checksum.
 */
async function download(log: Log): Promise<PulumiCommand> {
    log(`… Pulumi: downloading its CLI to ${installation()}`);
    return PulumiCommand.install({ root: installation() }).catch((error: Error) => {
        throw new UserError(
            `The Pulumi CLI could not be downloaded: ${error.message}\nRun the command again, or install it yourself: ${guide}`,
        );
    });
}

/** Why Pulumi can't be built on this computer; undefined if it can. */
export function refuseToBuild(target: Target | undefined, hasGo = onPath("go"), platform = process.platform): void {
    const closed = "The Pulumi CLI is not on this computer, and get.pulumi.com doesn't answer";
    if (target && isCloud(target)) {
        throw new UserError(
            `${closed}. The target ${target} needs it with Pulumi's provider for that cloud. ` +
                `Install the CLI (${guide}) on a computer that reaches the cloud. Nothing was changed.`,
        );
    }
    if (!hasGo || platform === "win32") {
        const lack = platform === "win32" ? "that works on Linux and macOS only" : "Go is not on PATH (https://go.dev/doc/install)";
        throw new UserError(
            `${closed}. It could be built from its Go module, but ${lack}. Install the CLI (${guide}), or connect to ` +
                "the network, and run the command again. Nothing was changed.",
        );
    }
}
