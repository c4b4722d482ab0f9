import { keptFor, madeBy, madeByStackId } from "./marks";

/** As much of an object in the cluster as tells whose it is. */
export interface LiveObject {
    apiVersion: string;
    kind: string;
    metadata: {
        name: string;
        namespace?: string;
        uid?: string;
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
        managedFields?: { manager?: string; operation?: string; subresource?: string; time?: string }[];
    };
}

/** The stack that asks. */
export interface Asker {
    /** As the annotations name it. */
    stack: string;
    /** Tells it from others of the same name; undefined as long as it has made nothing. */
    stackId?: string;
    /** Whether the cluster is this stack's own, so that no other of the same name can have made anything in it. */
    ownsCluster: boolean;
    /** UIDs of the objects that the stack's state lists. */
    known: ReadonlySet<string>;
}

/** Objects that the program would make and that are there already. */
export interface Judgement {
    /** What someone else made: it is neither taken over nor deleted. */
    foreign: LiveObject[];
    /** What this stack made or kept, though its state doesn't list it: to be taken up again. */
    forgotten: LiveObject[];
}

/** Tells what the stack has made from what it has not. */
export function judge(found: LiveObject[], asker: Asker): Judgement {
    const unlisted = found.filter(({ metadata: { uid } }) => uid === undefined || !asker.known.has(uid));
    const isOwn = (object: LiveObject): boolean => isMadeBy(object, asker) || keeperOf(object) === asker.stack;
    const foreign = unlisted.filter(object => !isOwn(object));
    // A definition that some stack's destroy has kept serves the next one: unless that stack is still there.
    const isLeft = foreign.every(object => object.kind === "CustomResourceDefinition" && keeperOf(object) !== undefined);
    return isLeft ? { foreign: [], forgotten: unlisted } : { foreign, forgotten: unlisted.filter(isOwn) };
}

function isMadeBy({ metadata }: LiveObject, { stack, stackId, ownsCluster }: Asker): boolean {
    const { [madeBy]: maker, [madeByStackId]: makerId } = metadata.annotations ?? {};
    // Versions of Landfall without the annotation, in a cluster that nobody else's program works on.
    if (maker === undefined) return ownsCluster && fieldManagers(metadata).some(isEngine);
    return maker === stack && (ownsCluster || (stackId !== undefined && makerId === stackId));
}

function keeperOf({ metadata }: LiveObject): string | undefined {
    return metadata.annotations?.[keptFor];
}

/** Who has written the object itself, the first one first; controllers write its status. */
export function fieldManagers({ managedFields = [] }: LiveObject["metadata"]): string[] {
    return managedFields.filter(({ subresource }) => !subresource)
        .sort((a, b) => (a.time ?? "").localeCompare(b.time ?? ""))
        .map(({ manager = "" }) => manager)
        .filter(Boolean);
}

/** Pulumi's provider. */
export function isEngine(manager: string): boolean {
    return manager.startsWith("pulumi-kubernetes");
}
