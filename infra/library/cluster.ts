import * as pulumi from "@pulumi/pulumi";
import type * as z from "zod";
import * as library from "../../components/cluster";
import { useProxies } from "../../components/proxy";
import { Refusal } from "../../components/refusal";
import { clusterSchema } from "../config/cluster";
import type { Context } from "../config/context";
import { describeSettings, describeTargets } from "../config/describe";
import { toProblems, valueAt } from "../config/errors";
import { Problem, problemText } from "../config/problem";
import { refuseClusterChanges } from "../config/refuse";

export * from "../../components/cluster/cluster";
export type { Transform, Transformed } from "../../components/transform";

/**
 * A target and its settings: the keys below `landfall:cluster` in infra/config/REFERENCE.md, which has their units,
 * defaults and limits, and what a change does. The name is `<project>-<stack>` unless it is given.
 *
 * @example { target: "kind", nodes: 2 }
 * @example { target: "eks", account: "123456789012", region: "eu-west-1", authorizedNetworks: ["203.0.113.0/24"], admins: [role] }
 */
export type ClusterSettings = z.input<ReturnType<typeof clusterSchema>>;

/** What isn't a target's own. */
export type ClusterOptions = Omit<library.ClusterContext, "comparisons">;

/**
 * Makes the cluster that the settings describe, or takes the one that is there.
 *
 * @example const cluster = createCluster({ target: "kind" });
 * @example const cluster = createCluster(new pulumi.Config().requireObject<ClusterSettings>("cluster"));
 * @param settings plain values; a wrong one stops the program before any resource is registered
 * @param options name of the component, and what becomes of the data
 * @param opts options of the component
 * @throws pulumi.RunError with all that is wrong with the settings: the key, what was given, what is allowed, an example;
 * or, with what stands and the way, where the cluster that stands can't become what they say
 */
export function createCluster(
    settings: ClusterSettings, options: ClusterOptions = {}, opts?: pulumi.ComponentResourceOptions,
): library.Cluster {
    useProxies();
    const cluster = complete(settings);
    const comparisons: library.Comparisons = {
        cluster: (standing, wanted) => inOwnWords(() => refuseClusterChanges(cluster, standing, wanted)),
    };
    return library.createCluster(cluster, { ...options, comparisons }, opts);
}

/** The settings with their defaults. */
function complete(settings: ClusterSettings): z.output<ReturnType<typeof clusterSchema>> {
    const context: Context = { stack: pulumi.getStack(), project: pulumi.getProject() };
    const target = String(valueAt(settings, ["target"]));
    if (target in describeTargets(describeSettings(context))) context.target = target;
    const result = clusterSchema(context).safeParse(settings, { reportInput: true });
    if (result.success) return result.data;
    const issues = result.error.issues.map(issue => ({ ...issue, path: ["cluster", ...issue.path] }));
    throw new pulumi.RunError(report(toProblems(issues, { cluster: settings }, context)));
}

function report(problems: readonly Problem[]): string {
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    return withoutProject([
        `The settings of createCluster have ${count}. Nothing was changed.`,
        ...problems.map(problemText),
        "The chapter landfall:cluster in node_modules/landfall/infra/config/REFERENCE.md describes all of them.",
    ].join("\n\n"));
}

/** The program may keep the settings anywhere, so their keys are named without a project. */
function withoutProject(text: string): string {
    return text.replace(/\blandfall:(?=cluster[.:])/g, "");
}

function inOwnWords(compare: () => void): void {
    try {
        compare();
    } catch (error) {
        throw error instanceof Refusal ? new Refusal(withoutProject(error.message)) : error;
    }
}
