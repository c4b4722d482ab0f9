import { type Connection, read } from "../kubernetes-api";
import type { LiveObject } from "./classify";
import type { PlannedObject } from "./marks";

type Kind = Pick<PlannedObject, "apiVersion" | "kind">;
type Metadata = LiveObject["metadata"];

interface ApiResource {
    name: string;
    kind: string;
    namespaced: boolean;
}

/** Lists metadata only: CRDs alone would be megabytes. */
type Form = "PartialObjectMetadata" | "PartialObjectMetadataList";

/** Searches a cluster for objects with the names that the program uses. */
export class Survey {
    private readonly offered = new Map<string, Promise<ApiResource[]>>();

    /** @param patience for how many seconds to retry if nothing accepts the connection */
    constructor(private readonly connection: Connection, private readonly patience: number) {}

    /** The existing ones of the planned objects: those without a namespace, and those whose namespace is known. */
    async placed(planned: PlannedObject[]): Promise<LiveObject[]> {
        const found = await inTurns(planned, async object => {
            const path = await this.path(object, object.namespace);
            const live = path && await this.get<{ metadata: Metadata }>(
                `${path}/${encodeURIComponent(object.name)}`, "PartialObjectMetadata");
            return live ? [toLive(object, live.metadata)] : [];
        });
        return found.flat();
    }

    /** The existing ones of the planned objects in these namespaces. */
    async within(namespaces: string[], planned: PlannedObject[]): Promise<LiveObject[]> {
        const key = ({ apiVersion, kind }: Kind): string => `${apiVersion} ${kind}`;
        const kinds = [...new Map<string, Kind>(planned.map(object => [key(object), object])).values()];
        const places = namespaces.flatMap(namespace => kinds.map(kind => ({ namespace, kind })));
        const found = await inTurns(places, async ({ namespace, kind }) => {
            const path = await this.path(kind, namespace);
            const list = path && await this.get<{ items: { metadata: Metadata }[] | null }>(
                path, "PartialObjectMetadataList");
            const names = new Set(planned.filter(object => key(object) === key(kind)).map(({ name }) => name));
            return ((list ? list.items : null) ?? []).filter(({ metadata }) => names.has(metadata.name))
                .map(({ metadata }) => toLive(kind, metadata));
        });
        return found.flat();
    }

    /** The API's path for a kind. Undefined if the API doesn't have the kind, or has it with a namespace but none is given. */
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

    /** The object or list at the path; undefined if there is none. */
    private async get<T>(path: string, form?: Form): Promise<T | undefined> {
        const accept = form && `application/json;as=${form};g=meta.k8s.io;v=v1,application/json`;
        return await read(this.connection, path, { patience: this.patience, accept }) as T | undefined;
    }
}

function toLive({ apiVersion, kind }: Kind, metadata: Metadata): LiveObject {
    return { apiVersion, kind, metadata };
}

/** Eight at a time, because the API server limits a client's concurrent requests. */
async function inTurns<T, R>(items: T[], act: (item: T) => Promise<R>): Promise<R[]> {
    const results: R[] = [];
    const queue = items.entries();
    const work = async (): Promise<void> => {
        for (const [index, item] of queue) results[index] = await act(item);
    };
    await Promise.all(Array.from({ length: 8 }, work));
    return results;
}
