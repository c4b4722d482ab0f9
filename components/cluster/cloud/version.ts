import * as pulumi from "@pulumi/pulumi";
import { Refusal } from "../../refusal";
import { minorOf, stepBetween } from "../version";

/**
 * The version to request, checked against the cluster's: Kubernetes goes up one minor version at a time, and never down.
 * A wrong one also fails a preview, before the cluster or anything that depends on it is touched.
 * @param current the cluster's version, such as `1.35.3-gke.1`; undefined if there is no cluster yet
 * @param wanted the minor version in the settings, such as `1.36`
 */
export function checkedVersion(current: pulumi.Input<string | undefined>, wanted: string): pulumi.Output<string> {
    return pulumi.output(current).apply(version => {
        const problem = version === undefined ? undefined : stepProblem(version, wanted);
        if (problem !== undefined) throw new Refusal(problem);
        return wanted;
    });
}

/** Why the cluster can't go from one version to another; undefined if it can. */
export function stepProblem(current: string, wanted: string): string | undefined {
    const step = stepBetween(current, wanted);
    if (step === "none" || step === "up") return undefined;
    const [from, to] = [minorOf(current), minorOf(wanted)];
    const now = `The cluster runs Kubernetes 1.${from}, and landfall:cluster.kubernetesVersion asks for 1.${to}.`;
    return step === "back"
        ? `${now} A cluster can't go back to an older version. Set it to "1.${from}", or create another cluster as a ` +
            "stack of its own and move the data."
        : `${now} Kubernetes goes up one minor version at a time: set it to "1.${from + 1}" and run the program, then ` +
            "go on to the next.";
}
