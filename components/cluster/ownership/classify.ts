import { keptFor, madeBy, madeByStackId } from "./marks";

/** The part of an object in the cluster that shows who created it. */
export interface LiveObject {
    apiVersion: string;
    kind: string;
    metadata: {
        name: string;
        namespace?: string;
        uid?: string;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
        managedFields?: {
            manager?: string; operation?: string; subresource?: string; time?: string; fieldsV1?: Record<string, unknown>;
        }[];
    };
}

/** The stack that runs. */
export interface StackIdentity {
    /** As the annotations name it. */
    stack: string;
    /** Distinguishes it from others with the same name. Undefined until the stack has created something. */
    stackId?: string;
    /** Whether the cluster is this stack's own, so that no other stack with the same name can have objects in it. */
    ownsCluster: boolean;
    /** UIDs of the objects that the stack's state lists. */
    known: ReadonlySet<string>;
}

/** Existing objects that the program would create. */
export interface Classification {
    /** Someone else's. They are neither adopted nor deleted. */
    foreign: LiveObject[];
    /** Created or kept by this stack, but not listed in its state. They are adopted. */
    forgotten: LiveObject[];
}

/** Separates the stack's objects from those of others. */
export function classify(found: LiveObject[], identity: StackIdentity): Classification {
    const unlisted = found.filter(({ metadata: { uid } }) => uid === undefined || !identity.known.has(uid));
    const isOwn = (object: LiveObject): boolean => isMadeBy(object, identity) || keeperOf(object) === identity.stack;
    const foreign = unlisted.filter(object => !isOwn(object));
    // A stack may use CRDs that another one's destroy kept, unless the other stack still has objects here.
    const isLeft = foreign.every(object => object.kind === "CustomResourceDefinition" && keeperOf(object) !== undefined);
    return isLeft ? { foreign: [], forgotten: unlisted } : { foreign, forgotten: unlisted.filter(isOwn) };
}

function isMadeBy({ metadata }: LiveObject, { stack, stackId, ownsCluster }: StackIdentity): boolean {
    const { [madeBy]: maker, [madeByStackId]: makerId } = metadata.annotations ?? {};
    // Earlier versions of Landfall didn't annotate objects. In its own cluster, a stack is the only Pulumi program.
    if (maker === undefined) return ownsCluster && fieldManagers(metadata).some(isEngine);
    return maker === stack && (ownsCluster || (stackId !== undefined && makerId === stackId));
}

function keeperOf({ metadata }: LiveObject): string | undefined {
    return metadata.annotations?.[keptFor];
}

/**
 * Field managers of the object itself, or of one of its fields, the oldest first. Its status is written by controllers.
 * @param field as the API names it @example "f:spec"
 */
export function fieldManagers({ managedFields = [] }: LiveObject["metadata"], field?: string): string[] {
    return managedFields.filter(({ subresource, fieldsV1 = {} }) => !subresource && (field === undefined || field in fieldsV1))
        .sort((a, b) => (a.time ?? "").localeCompare(b.time ?? ""))
        .map(({ manager = "" }) => manager)
        .filter(Boolean);
}

/** Whether a field manager is Pulumi's provider. */
export function isEngine(manager: string): boolean {
    return manager.startsWith("pulumi-kubernetes");
}
