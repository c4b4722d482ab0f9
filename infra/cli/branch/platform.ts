import * as fs from "node:fs";
import { readKubeconfig } from "../../../components/cluster/existing";
import { parseKubeconfig, scopeKubeconfig } from "../../../components/cluster/existing/kubeconfig";
import { connect, type Connection, type Json, read } from "../../../components/cluster/kubernetes-api";
import { namespaces } from "../../../components/platform/namespaces";
import { pulumiDownload } from "../computer/network";
import { probes } from "../computer/probes";
import { stackFile } from "../stack/home";
import type { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";
import type { Template } from "./settings";

/** The cluster of all branches' environments. */
export interface Place {
    kubeconfig: string;
    connection: Connection;
}

/** Connects to the cluster that the template names. */
export async function openPlace({ settings: { cluster } }: Template, terminal: Terminal): Promise<Place> {
    if (cluster.target !== "existing") throw new Error("The template names no existing cluster.");
    const kubeconfig = cluster.stack === undefined ? await readKubeconfig(cluster)
        : scopeKubeconfig(await ofStack(cluster.stack, cluster.output, terminal), cluster.context);
    if (kubeconfig === undefined) throw new Error("The cluster isn't to be looked at.");
    const connection = await connect(kubeconfig);
    const platform = await findNamespace(connection, namespaces.gateway).catch((error: Error) => {
        throw new UserError(`The cluster of the branches' environments can't be asked: ${error.message}. Is it up, and is its kubeconfig up to date? `
            + "Nothing was changed.");
    });
    if (platform === undefined) {
        throw new UserError(`The cluster ${connection.server.origin} has no platform of Landfall, which the branches' environments share. `
            + "Bring up the stack that makes it first. Nothing was changed.");
    }
    return { kubeconfig, connection };
}

/** The kubeconfig that `npm start` saved for the stack, else the stack's output. */
async function ofStack(stack: string, output: string, terminal: Terminal): Promise<ReturnType<typeof parseKubeconfig>> {
    const source = `The output "${output}" of the stack ${stack}`;
    const [organization, project, name] = stack.split("/");
    const kept = stackFile(name, "kubeconfig");
    if (organization === "organization" && project === "landfall" && output === "kubeconfig" && fs.existsSync(kept)) {
        return parseKubeconfig(fs.readFileSync(kept, "utf8"), kept);
    }
    const [{ PulumiEngine }, { ensurePulumi }] = await Promise.all([import("../engine/pulumi"), import("../tools/pulumi")]);
    const command = await ensurePulumi("existing", await probes.answers(pulumiDownload), line => terminal.line(`  ${line}`));
    const text = await PulumiEngine.output(command, stack, output).catch((error: Error) => {
        throw new UserError(`The stack ${stack}, on whose cluster the branches have their environments (Pulumi.branch.yaml), can't be read. `
            + `Bring it up first.\n${error.message}`);
    });
    return parseKubeconfig(text, source);
}

/** A namespace of the cluster; undefined if there is none. */
export async function findNamespace(connection: Connection, name: string): Promise<Json | undefined> {
    return read(connection, `/api/v1/namespaces/${name}`, { patience: 5 });
}
