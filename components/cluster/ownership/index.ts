import * as pulumi from "@pulumi/pulumi";
import { Refusal } from "../../refusal";
import { connect } from "../kubernetes-api";
import { lookingAtNothing } from "../lookup";
import { Asker, judge, Judgement, LiveObject } from "./judge";
import { PlannedObject, stackName } from "./marks";
import { nameOf, refusal } from "./refusal";
import { KnownObjects, readKnownObjects, resourceKey } from "./state";
import { Survey } from "./survey";

export { markObjects, PlannedObject } from "./marks";

export interface OwnershipArgs {
    kubeconfig: pulumi.Output<string>;
    /** What the program is going to make; complete once the program has run through. */
    planned: PlannedObject[];
    /** Tells the stack from others of its name; left out where the cluster is the stack's own. */
    stackId?: pulumi.Output<string>;
}

/** Seconds to wait for an answer: the address of a cluster that was just made may be known everywhere only later. */
const patience = { preview: 5, update: 60 };

/**
 * Looks at the cluster before anything is made in it. What someone else made under a name that the program uses stops
 * it, in the preview too. Says whether there is anything to take up again that this stack made and its state doesn't
 * list. In a cluster that isn't there yet there is nothing to look at.
 */
export function findForgotten(args: OwnershipArgs, parent: pulumi.Resource): pulumi.Output<boolean> {
    // A state is megabytes: it is read while the providers start, rather than when the cluster has answered.
    const known = lookingAtNothing() ? undefined : readKnownObjects();
    known?.catch(() => undefined); // nobody waits for it where there is no cluster yet
    return pulumi.unsecret(args.kubeconfig.apply(async kubeconfig => {
        if (known === undefined) return false;
        // By then the program has run through, and all objects are planned.
        await new Promise(resolve => setImmediate(resolve));
        const stackId = args.stackId && await valueIfKnown(args.stackId);
        const looked = await lookAt(kubeconfig, args.planned, known, { stackId, ownsCluster: !args.stackId }, parent);
        if (!looked) return false;
        const { foreign, forgotten, server } = looked;
        if (foreign.length > 0) throw new Refusal(refusal(foreign, stackName(), server));
        if (forgotten.length > 0) {
            const objects = forgotten.map(object => `${object.kind} ${nameOf(object)}`).join(", ");
            pulumi.log.info(`Taking up again what this stack has made or kept: ${objects}.`, parent);
        }
        return forgotten.length > 0;
    }));
}

/** Undefined where the cluster doesn't answer, which is an error unless this is a preview. */
async function lookAt(
    kubeconfig: string, planned: PlannedObject[], known: Promise<KnownObjects>,
    who: Pick<Asker, "stackId" | "ownsCluster">, parent: pulumi.Resource,
): Promise<(Judgement & { server: string }) | undefined> {
    const preview = pulumi.runtime.isDryRun();
    let server = "";
    try {
        const connection = await connect(kubeconfig);
        server = connection.server.origin;
        const survey = new Survey(connection, preview ? patience.preview : patience.update);
        return { ...await compare(survey, planned, known, who), server };
    } catch (error) {
        const problem = `The cluster ${server} could not be looked at: ${(error as Error).message}. `;
        if (!preview) {
            throw new Refusal(`${problem}Landfall makes nothing in a cluster before it knows that nothing of `
                + "someone else's is in the way. Nothing was changed in it.");
        }
        pulumi.log.warn(`${problem}Whether anything of someone else's is in the way is found out by \`up\`, which `
            + "stops before it changes anything there.", parent);
        return undefined;
    }
}

async function compare(
    survey: Survey, planned: PlannedObject[], state: Promise<KnownObjects>, who: Pick<Asker, "stackId" | "ownsCluster">,
): Promise<Judgement> {
    const placed = await survey.placed(planned);
    // On a first run there is nothing, and nothing in the namespaces that there aren't.
    if (placed.length === 0) return { foreign: [], forgotten: [] };
    const known = await state;
    const asker = { ...who, stack: stackName(), known: known.uids };
    const judgement = judge(placed, asker);
    if (judgement.foreign.length > 0 || isComplete(placed, planned, known)) return judgement;
    const own = placed.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name);
    const within = await survey.within(own, planned.filter(({ namespace }) => namespace === undefined));
    return judge([...placed, ...within], asker);
}

/** Whether the state lists all that the program makes: then nothing is created, and nothing can be in the way. */
function isComplete(placed: LiveObject[], planned: PlannedObject[], { uids, resources }: KnownObjects): boolean {
    return placed.every(({ metadata: { uid = "" } }) => uids.has(uid))
        && planned.every(({ type, resource }) => resources.has(resourceKey(type, resource)));
}

/** In a preview, what is yet to be made has no value. */
async function valueIfKnown<T>(output: pulumi.Output<T>): Promise<T | undefined> {
    const inner = output as unknown as { isKnown: Promise<boolean>; promise(): Promise<T> };
    return await inner.isKnown ? inner.promise() : undefined;
}
