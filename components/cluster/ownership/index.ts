import * as pulumi from "@pulumi/pulumi";
import { Refusal } from "../../refusal";
import { connect } from "../kubernetes-api";
import { lookingAtNothing } from "../lookup";
import { Classification, classify, LiveObject, StackIdentity } from "./classify";
import { PlannedObject, stackName } from "./marks";
import { nameOf, refusal } from "./refusal";
import { KnownObjects, readKnownObjects, resourceKey } from "./state";
import { Survey } from "./survey";

export { markObjects, PlannedObject } from "./marks";

export interface OwnershipArgs {
    kubeconfig: pulumi.Output<string>;
    /** Objects that the program creates. The list is complete when the program has run to its end. */
    planned: PlannedObject[];
    /** Distinguishes the stack from others with the same name. Undefined if the cluster is the stack's own. */
    stackId?: pulumi.Output<string>;
}

/** Seconds to wait for an answer: the name of a new cluster's API server may not resolve at once. */
const patience = { preview: 5, update: 60 };

/**
 * Checks the cluster before anything is created in it, unless the cluster doesn't exist yet. If someone else created an object
 * with a name that the program uses, the program stops, in the preview too.
 * @returns whether this stack must adopt objects that it created earlier and that its state doesn't list
 */
export function findForgotten(args: OwnershipArgs, parent: pulumi.Resource): pulumi.Output<boolean> {
    // A state can be megabytes, so it is read while the providers start, not after the cluster has answered.
    const known = lookingAtNothing() ? undefined : readKnownObjects();
    known?.catch(() => undefined); // not awaited if there is no cluster yet
    return pulumi.unsecret(args.kubeconfig.apply(async kubeconfig => {
        if (known === undefined) return false;
        // Then the program has run to its end, and `planned` is complete.
        await new Promise(resolve => setImmediate(resolve));
        const stackId = args.stackId && await valueIfKnown(args.stackId);
        const looked = await lookAt(kubeconfig, args.planned, known, { stackId, ownsCluster: !args.stackId }, parent);
        if (!looked) return false;
        const { foreign, forgotten, server } = looked;
        if (foreign.length > 0) throw new Refusal(refusal(foreign, stackName(), server));
        if (forgotten.length > 0) {
            const objects = forgotten.map(object => `${object.kind} ${nameOf(object)}`).join(", ");
            pulumi.log.info(`Adopting objects that this stack made or kept earlier: ${objects}.`, parent);
        }
        return forgotten.length > 0;
    }));
}

/** Undefined if the cluster doesn't answer in a preview. In an update, that is an error. */
async function lookAt(
    kubeconfig: string, planned: PlannedObject[], known: Promise<KnownObjects>,
    who: Pick<StackIdentity, "stackId" | "ownsCluster">, parent: pulumi.Resource,
): Promise<(Classification & { server: string }) | undefined> {
    const preview = pulumi.runtime.isDryRun();
    let server = "";
    try {
        const connection = await connect(kubeconfig);
        server = connection.server.origin;
        const survey = new Survey(connection, preview ? patience.preview : patience.update);
        return { ...await compare(survey, planned, known, who), server };
    } catch (error) {
        const problem = `The cluster ${server} could not be checked: ${(error as Error).message}. `;
        if (!preview) {
            throw new Refusal(`${problem}Landfall first makes sure that none of the names that it uses belongs to `
                + "someone else's objects. Nothing was changed in the cluster.");
        }
        pulumi.log.warn(`${problem}\`up\` checks whether someone else's objects are in the way, before it changes `
            + "anything there.", parent);
        return undefined;
    }
}

async function compare(
    survey: Survey, planned: PlannedObject[], state: Promise<KnownObjects>, who: Pick<StackIdentity, "stackId" | "ownsCluster">,
): Promise<Classification> {
    const placed = await survey.placed(planned);
    // On a first run the cluster has none of the namespaces, so nothing can be in them.
    if (placed.length === 0) return { foreign: [], forgotten: [] };
    const known = await state;
    const identity = { ...who, stack: stackName(), known: known.uids };
    const classification = classify(placed, identity);
    if (classification.foreign.length > 0 || isComplete(placed, planned, known)) return classification;
    const own = placed.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name);
    const within = await survey.within(own, planned.filter(({ namespace }) => namespace === undefined));
    return classify([...placed, ...within], identity);
}

/** Whether the state lists everything that the program creates. Then nothing new is created that could conflict. */
function isComplete(placed: LiveObject[], planned: PlannedObject[], { uids, resources }: KnownObjects): boolean {
    return placed.every(({ metadata: { uid = "" } }) => uids.has(uid))
        && planned.every(({ type, resource }) => resources.has(resourceKey(type, resource)));
}

/** In a preview, outputs of resources that don't exist yet have no value. */
async function valueIfKnown<T>(output: pulumi.Output<T>): Promise<T | undefined> {
    const inner = output as unknown as { isKnown: Promise<boolean>; promise(): Promise<T> };
    return await inner.isKnown ? inner.promise() : undefined;
}
