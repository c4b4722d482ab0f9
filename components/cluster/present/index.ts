import { setTimeout as sleep } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import { Refusal } from "../../refusal";
import type { Present } from "../cluster";
import type { KubeconfigSource } from "../existing";
import { connect } from "../kubernetes-api";
import { readKnownObjects } from "../ownership/state";
import { findCertManager, type Issuer } from "./cert-manager";
import { findGatewayApi } from "./gateway-api";
import { findMetrics } from "./metrics";
import { ClusterReader, type Problem } from "./reader";

export interface Needs {
    /** Who signs the hosts' certificate. @default "ca" */
    issuer?: Issuer;
    /** Where the metrics come from; `builtin` and `install` decide without looking. @default what is there */
    metrics?: "builtin" | "install";
}

/** Seconds to wait for the cluster, and for what may be over in a moment. */
const patience = { preview: 5, update: 60 };

/**
 * Finds what others installed in an existing cluster, before anything is registered. Nothing if the program is only rendered.
 * @throws Refusal if something is there that can neither be used nor replaced, and in an update if the cluster doesn't answer
 */
export async function findPresent(source: KubeconfigSource, needs: Needs, seconds?: number): Promise<Present> {
    const { readKubeconfig } = require("../existing") as typeof import("../existing");
    const kubeconfig = await readKubeconfig(source);
    if (kubeconfig === undefined) return {};
    const preview = pulumi.runtime.isDryRun();
    const wait = seconds ?? (preview ? patience.preview : patience.update);
    let server = "the kubeconfig names";
    try {
        const [connection, { uids }] = await Promise.all([connect(kubeconfig), readKnownObjects()]);
        server = connection.server.origin;
        return await look(new ClusterReader(connection, uids, wait), server, needs, wait);
    } catch (error) {
        if (error instanceof Refusal) throw error;
        const problem = `The cluster ${server} could not be checked: ${(error as Error).message}. `;
        if (!preview) {
            throw new Refusal(`${problem}Landfall first looks for what others installed, to use it or leave it alone. Nothing was changed in `
                + "the cluster.");
        }
        pulumi.log.warn(`${problem}\`up\` looks for what others installed there, before it changes anything.`);
        return {};
    }
}

async function look(reader: ClusterReader, server: string, { issuer = "ca", metrics }: Needs, seconds: number): Promise<Present> {
    for (const end = Date.now() + seconds * 1000; ; await sleep(1000)) {
        const [gatewayApi, certManager, found] = await Promise.all([
            findGatewayApi(reader), findCertManager(reader, issuer),
            metrics === undefined ? findMetrics(reader) : { present: undefined, problems: [] },
        ]);
        const problems = [gatewayApi, certManager, found].flatMap(({ problems = [] }) => problems);
        if (problems.length === 0) {
            return { gatewayApi: gatewayApi.present, certManager: certManager.present, metrics: found.present };
        }
        if (!problems.every(({ passing }) => passing) || Date.now() >= end) throw new Refusal(refusal(problems, server));
    }
}

function refusal(problems: Problem[], server: string): string {
    return [
        `The cluster ${server} has software of others that Landfall can neither use nor replace. Nothing was changed in it.`,
        ...problems.map(({ problem, known, way }) => [
            problem,
            ...(known === undefined ? [] : [`    known:  ${known}`]),
            `    way:    ${way}.`,
        ].join("\n")),
    ].join("\n\n");
}
