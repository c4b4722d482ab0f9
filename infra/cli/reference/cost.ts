import * as fs from "node:fs";
import * as path from "node:path";
import { captureProgram, type Registered } from "../capture";
import { report } from "../cost";
import { estimate } from "../cost/estimate";
import { readStackConfig, stackConfigFile } from "../stack/config";
import { root } from "../stack/home";

export const file = path.join(root, "components/cluster/COST.md");

/** Variants of the stacks' files: by size, and by who chooses the machines. */
const variants = {
    "production": {},
    "production, `provisioning: auto`": { provisioning: "auto", nodePools: undefined },
    "development": { size: "development", nodePools: undefined },
};

/** The resources of each cloud's stack in each variant, by `<stack>, <variant>`. */
export async function captureAll(): Promise<Record<string, Registered[]>> {
    process.env.LANDFALL_RENDER = "1";
    const captured: Record<string, Registered[]> = {};
    for (const stack of ["eks", "gke", "aks"]) {
        const { config } = readStackConfig(stackConfigFile(stack));
        for (const [variant, changes] of Object.entries(variants)) {
            const cluster = JSON.stringify({ ...JSON.parse(config["landfall:cluster"]) as object, ...changes });
            const { resources } = await captureProgram({ stack, config: { ...config, "landfall:cluster": cluster } });
            captured[`${stack}, ${variant}`] = resources;
        }
    }
    return captured;
}

/** The costs as a document, in Markdown. */
export function renderCosts(captured: Record<string, Registered[]>): string {
    return "# What the clouds cost\n\nRough figures, to help you choose a cloud and a size. They are computed from list prices: none of these "
        + "stacks has been run\nyet. `npm run cost -- <stack>` prints the same for your stack; `npm run reference` writes this file. The "
        + "development size\nruns the same application.\n\n"
        + report(Object.fromEntries(Object.entries(captured).map(([name, resources]) => [name, estimate(resources)!])));
}

if (require.main === module) void captureAll().then(captured => fs.writeFileSync(file, renderCosts(captured)));
