import * as pulumi from "@pulumi/pulumi";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { libraryScript, nodeArguments } from "../project";

/** The incarnation if the program is only rendered, so that rendering twice gives the same result. */
export const renderedIncarnation = "00000000-0000-4000-8000-000000000000";

/** What a target's status script finds. */
export interface Found {
    /** Undefined if the stack has no cluster with the current configuration. */
    incarnation?: string;
    /** How often the address of the API server has changed. */
    revision?: number;
    /** The machine's own address, if its ports aren't published on this computer. */
    address?: string;
    /** Incarnation of each machine by name, on targets whose nodes are added and removed one by one. */
    members?: Record<string, string>;
    /** The administrator's current kubeconfig: its number and its validity, in seconds since 1970. */
    administrator?: { generation: number; signed: number; ends: number };
    /** Messages for the user that don't stop the program. */
    warnings?: string[];
    /**
     * Settings that the cluster was created with, by name. `volumes` lists directories that only its single machine has, and
     * `homes` the claims whose volume is on one node's disk, as NODE=NAMESPACE/CLAIM.
     */
    standing?: Record<string, string>;
    /** Kubernetes version that it was created with if the settings name none. Empty if minikube chose the version. */
    kubernetesVersion?: string;
    /** Whether the cluster had to be started. */
    started?: boolean;
}

/** Whether the program is only rendered (`LANDFALL_RENDER=1`). Then nothing on this computer is read or run. */
export function rendering(): boolean {
    return process.env.LANDFALL_RENDER === "1";
}

/** Whether a kubeconfig may be a placeholder. Its address then leads nowhere, or to the wrong cluster. */
export function lookingAtNothing(): boolean {
    return rendering() || process.env.LANDFALL_PLACEHOLDERS === "1";
}

/**
 * Looks for the stack's cluster when the program starts, because Pulumi doesn't notice what was deleted by hand. If there is
 * no cluster, a new incarnation makes Pulumi create it again with everything in it. A cluster that is stopped, for example
 * after a reboot, is started, except in a preview, which changes nothing.
 */
export function findCluster(
    script: string, environment: Record<string, string>, parent: pulumi.Resource,
): Found & { incarnation: string } {
    if (rendering()) return { incarnation: renderedIncarnation };
    const found = runStatus(script, { ...environment, MAY_START: String(!pulumi.runtime.isDryRun()) });
    if (found.started) pulumi.log.info("The cluster was stopped; it has been started.", parent);
    for (const warning of found.warnings ?? []) pulumi.log.warn(warning, parent);
    return { ...found, incarnation: found.incarnation ?? randomUUID() };
}

function runStatus(script: string, environment: Record<string, string>): Found {
    const file = libraryScript(script);
    const { status, stdout, stderr, error } = spawnSync(process.execPath, [...nodeArguments(file), file], {
        encoding: "utf8",
        env: { ...process.env, ...environment },
        windowsHide: true,
    });
    if (status !== 0) throw new pulumi.RunError((error?.message ?? stderr).trim() || `${script} failed.`);
    return JSON.parse(stdout) as Found;
}
