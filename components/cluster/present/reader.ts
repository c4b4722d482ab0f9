import { type Connection, read } from "../kubernetes-api";
import { fieldManagers, isEngine, type LiveObject } from "../ownership/classify";
import { keptFor, madeBy, stackName } from "../ownership/marks";
import { nameOf, ownerOf } from "../ownership/refusal";

/** Why software that others installed can't be used. */
export interface Problem {
    /** The software and what is wrong with it. */
    problem: string;
    /** What would be right. */
    known?: string;
    /** What to do. */
    way: string;
    /** Whether it may be over in a moment, such as a pod that restarts. */
    passing?: boolean;
}

/** What was found of one software: nothing, something to use, or why it can't be used. */
export interface Finding<T> {
    present?: T;
    problems?: Problem[];
}

/** A workload as far as it shows what runs. */
export interface Deployment extends LiveObject {
    spec: {
        template: {
            metadata?: { labels?: Record<string, string> };
            spec: {
                containers: { name: string; image: string; args?: string[]; command?: string[]; volumeMounts?: { name: string; mountPath: string }[] }[];
                volumes?: { name: string; configMap?: { name: string } }[];
            };
        };
    };
    status?: { availableReplicas?: number };
}

const metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";

/** Reads a cluster, and knows whose its objects are. */
export class ClusterReader {
    /**
     * @param known UIDs of the objects in the stack's state
     * @param patience for how many seconds to retry if nothing accepts the connection
     */
    constructor(
        readonly connection: Connection, private readonly known: ReadonlySet<string>, private readonly patience: number,
    ) {}

    /** The object or list at the path; undefined if there is none. */
    async get<T>(path: string, accept?: string): Promise<T | undefined> {
        return await read(this.connection, path, { patience: this.patience, accept }) as T | undefined;
    }

    /** The metadata of the existing ones of these CRDs; the rest of a CRD is large. */
    async definitions(names: string[]): Promise<LiveObject[]> {
        const apiVersion = "apiextensions.k8s.io/v1";
        const found = await Promise.all(names.map(async name => {
            const path = `/apis/${apiVersion}/customresourcedefinitions/${name}`;
            const live = await this.get<Pick<LiveObject, "metadata">>(path, metadataOnly);
            return live ? [{ apiVersion, kind: "CustomResourceDefinition", metadata: live.metadata }] : [];
        }));
        return found.flat();
    }

    /** Resources that the API serves in a version of a group. @example "gateway.networking.k8s.io/v1" */
    async served(groupVersion: string): Promise<string[]> {
        const list = await this.get<{ resources?: { name: string }[] }>(`/apis/${groupVersion}`);
        return (list?.resources ?? []).map(({ name }) => name);
    }

    /** Deployments at a path that lists them. */
    async deployments(path: string): Promise<Deployment[]> {
        return (await this.get<{ items: Deployment[] | null }>(path))?.items ?? [];
    }

    /** Whether the stack's state lists the object. */
    isListed({ metadata: { uid = "" } }: LiveObject): boolean {
        return this.known.has(uid);
    }

    /**
     * Whether something other than Landfall made the object: it is in no state of this stack, and no stack annotated it. A CRD
     * that a destroy kept is someone else's once they applied another to it.
     */
    isForeign(object: LiveObject): boolean {
        const { annotations = {} } = object.metadata;
        if (this.isListed(object)) return false;
        if (annotations[keptFor] !== undefined) return fieldManagers(object.metadata, "f:spec").some(manager => !isEngine(manager));
        return annotations[madeBy] === undefined;
    }
}

/** Who made an object, for a message. @example "made by the Helm release certs in the namespace ops" */
export function madeByText(object: LiveObject): string {
    return `made by ${ownerOf(object, stackName())}`;
}

/** Names of objects, for a message. */
export function namesText(objects: LiveObject[]): string {
    return objects.map(nameOf).sort().join(", ");
}

/** The version in an image's tag; undefined if there is none. @example "v1.18.2" */
export function versionOfImage(image: string): string | undefined {
    return /:(v?\d+\.\d+(?:\.\d+)?[\w.+-]*)(?:@|$)/.exec(image)?.[1];
}
