import * as pulumi from "@pulumi/pulumi";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { libraryScript, nodeArguments } from "../project";

/** Stands for the incarnation where the program is only rendered, so that rendering twice gives the same. */
export const renderedIncarnation = "00000000-0000-4000-8000-000000000000";

/** What a target's `status.ts` finds on this computer. */
export interface Found {
    /** Of the stack's cluster as it is configured now; left out where there is none. */
    incarnation?: string;
    /** Counts how often the address of the cluster's API has changed. */
    revision?: number;
    /** The machine's own address, where its ports are not published on this computer. */
    address?: string;
    /** Of each of the cluster's own machines, by its name, where nodes come and go by themselves. */
    members?: Record<string, string>;
    /** Of the kubeconfig that the cluster signed last for its administrator: its number, and its life in seconds since 1970. */
    administrator?: { generation: number; signed: number; ends: number };
    /** What people should know of the cluster, though it keeps nobody from going on. */
    warnings?: string[];
    /**
     * What the cluster was made with, by the names of its settings; `volumes`: directories that only its one machine has;
     * `homes`: claims whose volume one node has for itself, as NODE=NAMESPACE/CLAIM.
     */
    standing?: Record<string, string>;
    /** Kubernetes version that it was created with if the settings name none; empty if minikube chose the version. */
    kubernetesVersion?: string;
    /** Whether the cluster had to be started. */
    started?: boolean;
}

/** Whether the program is only rendered (`LANDFALL_RENDER=1`): then nothing on this computer is looked at. */
export function rendering(): boolean {
    return process.env.LANDFALL_RENDER === "1";
}

/** Whether a kubeconfig may be a placeholder that leads nowhere, or to a cluster that isn't meant. */
export function lookingAtNothing(): boolean {
    return rendering() || process.env.LANDFALL_PLACEHOLDERS === "1";
}

/**
 * Looks for the stack's cluster at program start, since Pulumi doesn't notice what was deleted by hand: a cluster that
 * is not there gets a new incarnation, which makes the cluster again with all that is in it. A cluster that was stopped,
 * by a reboot for example, is started, unless this is a preview, which changes nothing and does without.
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
