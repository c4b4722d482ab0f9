import { type Connection, read } from "../kubernetes-api";
import { groupBy } from "./group-by";
import type { LiveObject } from "./judge";
import type { PlannedObject } from "./marks";

type Kind = Pick<PlannedObject, "apiVersion" | "kind">;
type Metadata = LiveObject["metadata"];

interface ApiResource {
    name: string;
    kind: string;
    namespaced: boolean;
}

/** Objects without what they hold: of definitions alone that would be megabytes. */
type Form = "PartialObjectMetadata" | "PartialObjectMetadataList";

/** Looks in a cluster for objects of the names that the program gives to its own. */
export class Survey {
    private readonly offered = new Map<string, Promise<ApiResource[]>>();

    /** @param patience for how many seconds to retry if nothing accepts the connection */
    constructor(private readonly connection: Connection, private readonly patience: number) {}

    /** Those of the planned objects that are there and whose place is known: all that belong to the whole cluster. */
    async placed(planned: PlannedObject[]): Promise<LiveObject[]> {
        const found = await inTurns(planned, async object => {
            const path = await this.path(object, object.namespace);
            const live = path && await this.get<{ metadata: Metadata }>(
                `${path}/${encodeURIComponent(object.name)}`, "PartialObjectMetadata");
            return live ? [toLive(object, live.metadata)] : [];
        });
        return found.flat();
    }

    /** Those of the planned objects that are in these namespaces. */
    async within(namespaces: string[], planned: PlannedObject[]): Promise<LiveObject[]> {
        const kinds = [...groupBy(planned, ({ apiVersion, kind }) => `${apiVersion} ${kind}`).values()];
        const places = namespaces.flatMap(namespace => kinds.map(ofKind => ({ namespace, ofKind })));
        const found = await inTurns(places, async ({ namespace, ofKind }) => {
            const path = await this.path(ofKind[0], namespace);
            const list = path && await this.get<{ items: { metadata: Metadata }[] | null }>(
                path, "PartialObjectMetadataList");
            const names = new Set(ofKind.map(({ name }) => name));
            return ((list ? list.items : null) ?? []).filter(({ metadata }) => names.has(metadata.name))
                .map(({ metadata }) => toLive(ofKind[0], metadata));
        });
        return found.flat();
    }

    /** Where the API has objects of this kind; undefined where it doesn't know it, or knows it in namespaces only. */
    private async path({ apiVersion, kind }: Kind, namespace: string | undefined): Promise<string | undefined> {
        const base = `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}`;
        const resources = this.offered.get(base) ?? this.offers(base);
        this.offered.set(base, resources);
        const resource = (await resources).find(one => one.kind === kind && !one.name.includes("/"));
        if (!resource || resource.namespaced !== (namespace !== undefined)) return undefined;
        return [base, ...(namespace === undefined ? [] : ["namespaces", namespace]), resource.name].join("/");
    }

    private async offers(base: string): Promise<ApiResource[]> {
        return (await this.get<{ resources: ApiResource[] }>(base))?.resources ?? [];
    }

    /** What is at the path; undefined if there is nothing. */
    private async get<T>(path: string, form?: Form): Promise<T | undefined> {
        const accept = form && `application/json;as=${form};g=meta.k8s.io;v=v1,application/json`;
        return await read(this.connection, path, { patience: this.patience, accept }) as T | undefined;
    }
}

function toLive({ apiVersion, kind }: Kind, metadata: Metadata): LiveObject {
    return { apiVersion, kind, metadata };
}

/** Some at a time: the API server limits how many one client may ask at once. */
async function inTurns<T, R>(items: T[], act: (item: T) => Promise<R>): Promise<R[]> {
    const results: R[] = [];
    const queue = items.entries();
    const work = async (): Promise<void> => {
        for (const [index, item] of queue) results[index] = await act(item);
    };
    await Promise.all(Array.from({ length: 8 }, work));
    return results;
}
