import * as pulumi from "@pulumi/pulumi";
import type * as z from "zod";
import * as library from "../../components/cluster";
import { useProxies } from "../../components/proxy";
import { Refusal } from "../../components/refusal";
import { checkRelease, recordedRelease, ReleaseRecord } from "../../components/release";
import { toProblems, valueAt } from "../config/errors";
import { Problem, problemText } from "../config/errors/problem";
import { refuseClusterChanges } from "../config/errors/refuse";
import type { Context } from "../config/schema/defaults";
import { describeSettings, describeTargets } from "../config/schema/describe";
import { clusterSchema } from "../config/targets";
import { mendStackTraces } from "../stack-traces";

export * from "../../components/cluster/cluster";
export type { Transform, Transformed } from "../../components/transform";

/**
 * A target and its settings: the keys below `landfall:cluster` in infra/config/REFERENCE.md. It lists their units, defaults
 * and limits, and what a change does. The default name is `<project>-<stack>`.
 *
 * @example { target: "kind", nodes: 2 }
 * @example { target: "eks", account: "123456789012", region: "eu-west-1", authorizedNetworks: ["203.0.113.0/24"], admins: [role] }
 */
export type ClusterSettings = z.input<ReturnType<typeof clusterSchema>>;

/** Options that all targets share. */
export type ClusterOptions = Omit<library.ClusterContext, "comparisons">;

/**
 * Creates the cluster that the settings describe, or uses the existing one.
 *
 * @example const cluster = createCluster({ target: "kind" });
 * @example const cluster = createCluster(new pulumi.Config().requireObject<ClusterSettings>("cluster"));
 * @param settings plain values; a wrong one stops the program before any resource is registered
 * @param options name of the component, and what happens to the data
 * @param opts options of the component
 * @throws pulumi.RunError with all problems of the settings: the key, the given value, what is allowed, and an example.
 * If the existing cluster can't change to these settings, the error says what exists and what to do.
 */
export function createCluster(
    settings: ClusterSettings, options: ClusterOptions = {}, opts?: pulumi.ComponentResourceOptions,
): library.Cluster {
    mendStackTraces();
    useProxies();
    const cluster = complete(settings);
    const comparisons: library.Comparisons = {
        cluster: (standing, wanted) => inOwnWords(() => refuseClusterChanges(cluster, standing, wanted)),
    };
    const created = library.createCluster(cluster, { ...options, comparisons }, afterReleaseCheck(opts));
    new ReleaseRecord(`${options.name ?? "cluster"}-release`, { parent: created as library.Cluster & pulumi.Resource });
    return created;
}

/**
 * Looks for what others installed in the cluster, if it exists already: pass the result to `createCluster` as `present`, and the
 * Platform uses their cert-manager, Gateway API and metrics-server instead of being refused. Call it before anything is registered.
 *
 * @example const cluster = createCluster(settings, { present: await findPresent(settings) });
 * @param needs who signs the hosts' certificate, as for the Platform
 * @throws pulumi.RunError if something is there that can neither be used nor replaced
 */
export async function findPresent(
    settings: ClusterSettings, needs: { issuer?: "ca" | "acme" } = {},
): Promise<library.Present | undefined> {
    mendStackTraces();
    useProxies();
    return library.findPresent(complete(settings), needs);
}

/** A refused release stops the component, and so all its resources, which wait for it. */
function afterReleaseCheck(opts: pulumi.ComponentResourceOptions = {}): pulumi.ComponentResourceOptions {
    const dependsOn = checkRelease(recordedRelease).then(() => [opts.dependsOn ?? []].flat() as pulumi.Input<pulumi.Resource>[]);
    return { ...opts, dependsOn };
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

/** The program may keep the settings anywhere, so messages name their keys without a project. */
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
