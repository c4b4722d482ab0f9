import * as fs from "node:fs";
import * as path from "node:path";
import { captureProgram, type Registered } from "../capture";
import { root } from "../home";
import { readStackConfig, stackConfigFile } from "../stack-config";
import { estimate, monthWithSpike, spikeHours, totalPerHour } from "./estimate";
import { hoursPerMonth } from "./model";
import { basis, bill, dollars } from "./report";
import { markdown } from "./table";

const file = path.join(root, "components/cluster/COST.md");

/** The stacks whose costs are documented. */
export const documented = ["eks", "gke", "aks"];

/** How the stacks' files are varied: by size, and by who chooses the machines. */
export const variants: Record<string, object> = {
    "production": {},
    "production, provisioning: auto": { provisioning: "auto", nodePools: undefined },
    "development": { size: "development", nodePools: undefined },
};

/** Something for each variant of each stack. */
export type ByVariant<T> = Record<string, Record<string, T>>;

/** What each stack makes in each of its variants. */
export async function captureAll(): Promise<ByVariant<Registered[]>> {
    process.env.LANDFALL_RENDER = "1";
    const results: ByVariant<Registered[]> = {};
    for (const stack of documented) {
        results[stack] = {};
        for (const [variant, changes] of Object.entries(variants)) {
            results[stack][variant] = (await captureProgram({ stack, config: varied(stack, changes) })).resources;
        }
    }
    return results;
}

function varied(stack: string, changes: object): Record<string, string> {
    const { config } = readStackConfig(stackConfigFile(stack));
    const cluster = JSON.parse(config["landfall:cluster"]) as object;
    return { ...config, "landfall:cluster": JSON.stringify({ ...cluster, ...changes }) };
}

/** The costs as a document, in Markdown. */
export function renderCosts(captured: ByVariant<Registered[]>): string {
    return [
        "# What the clouds cost",
        introduction,
        terms,
        renderSummary(captured),
        floor,
        ...Object.entries(captured).flatMap(([stack, byVariant]) => renderStack(stack, byVariant)),
    ].join("\n\n") + "\n";
}

const introduction = "Written by `npm run reference`; `npm run cost -- <stack>` prints the same for a stack of yours. It "
    + "is computed from what the program makes: every resource that bills, at the provider's list price in one region.";

const terms = "*At rest* pools have as many nodes as their `min` says, *in the spike* as many as their `max`. Where the "
    + "cloud chooses the machines, it is what the requests of the pods that always run need at the least, with every "
    + "autoscaler at its minimum and its maximum; jobs, the cloud's own pods and what each node keeps for itself come on "
    + "top. The development size runs the same application.";

const floor = "Control planes and what carries the network never scale to zero. A pool does where its `min` is 0 and "
    + "nothing asks for its nodes; the database and the gateway always need one.";

const summaryHeader =
    ["Stack and size", "At rest/month", "In the spike/hour", `A month with one spike of ${spikeHours} hours`];

function renderSummary(captured: ByVariant<Registered[]>): string {
    const rows = Object.entries(captured).flatMap(([stack, byVariant]) =>
        Object.entries(byVariant).map(([variant, resources]) => {
            const total = totalPerHour(estimate(resources).flatMap(({ items }) => items));
            const figures = [total.rest * hoursPerMonth, total.spike, monthWithSpike(total)];
            return [`${stack}, ${variant}`, ...figures.map(dollars)];
        }));
    return markdown.render(summaryHeader, rows);
}

function renderStack(stack: string, byVariant: Record<string, Registered[]>): string[] {
    const estimates = Object.entries(byVariant)
        .map(([variant, resources]) => ({ variant, found: estimate(resources) }));
    return [
        `## Pulumi.${stack}.yaml`,
        ...estimates.flatMap(({ variant, found }) =>
            [`### ${stack}: ${variant}`, ...found.map(each => bill(each, markdown))]),
        `### ${stack}: what the figures rest on`,
        basis(estimates.flatMap(({ found }) => found), markdown),
    ];
}

if (require.main === module) {
    void captureAll().then(captured => fs.writeFileSync(file, renderCosts(captured)));
}
