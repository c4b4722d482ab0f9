import * as path from "node:path";
import { captureProgram } from "../../../infra/cli/capture";
import { readStackConfig } from "../../../infra/cli/stack/config";

const root = path.resolve(__dirname, "../../..");

/** Types of all resources of the clouds' stacks and of one on machines, which together have those of all others. */
export async function clusterTypes(): Promise<string[]> {
    const types = new Set<string>();
    for (const stack of ["eks", "gke", "aks", "server"]) {
        const { config } = readStackConfig(path.join(root, `Pulumi.${stack}.yaml`), { standIns: true });
        const { resources } = await captureProgram({ stack, config });
        for (const { type } of resources) types.add(type);
    }
    return [...types].sort();
}
