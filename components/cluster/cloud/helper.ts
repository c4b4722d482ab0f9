import * as pulumi from "@pulumi/pulumi";
import { spawnSync } from "node:child_process";
import { rendering } from "../lookup";

/** A program that the kubeconfig calls, and the call that shows whether this person is logged in. */
export interface Helper {
    /** An executable of its own on every system: nothing but a shell can start Windows's batch files. @example "aws" */
    command: string;
    /** Arguments of a call that succeeds only with valid credentials, and changes nothing. */
    args: string[];
    /** What to do where it is not installed, one line. */
    install: string;
    /** What to do where the call fails, one line. */
    login: string;
}

/**
 * Checks, before anything is made, that the program is there and that it has credentials: else the first sign of their
 * lack is an error half an hour later. Where the program is only rendered nothing is looked at.
 * @returns what the call printed; undefined where nothing is looked at
 * @throws RunError that says what to install, or how to log in
 */
export function requireHelper({ command, args, install, login }: Helper): string | undefined {
    if (rendering()) return undefined;
    const { status, error, stdout, stderr } = spawnSync(command, args, {
        encoding: "utf8",
        timeout: 60_000,
        stdio: ["ignore", "pipe", "pipe"],
        windowsHide: true,
    });
    const nothing = "Nothing was changed.";
    if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") {
        throw new pulumi.RunError(
            `The program "${command}" was not found on PATH; the cluster's credentials come from it.\n`
            + `${install}\n${nothing}`);
    }
    if (status !== 0) {
        const said = (error?.message ?? stderr).trim().split(/\r?\n/).slice(-3).join("\n");
        throw new pulumi.RunError(`"${[command, ...args].join(" ")}" did not succeed: ${said}\n${login}\n${nothing}`);
    }
    return stdout;
}
