import "tsx/cjs"; // createCluster loads the target by `require`
import { Cluster, ClusterArgs, ClusterContext, createCluster } from "../../../components/cluster";
import { captureProgram, Registered } from "../../../infra/cli/capture";

/** A cluster by itself: what was registered, and what it offers. */
export interface CapturedCluster {
    cluster: Cluster;
    resources: Registered[];
    /** The one resource of that name; with `kind`, such as `Role`, the one of that kind. */
    find(name: string, kind?: string): Registered;
    /** All resources of a type. */
    ofType(type: string): Registered[];
}

/** Makes a cluster and nothing else. */
export async function captureCluster(args: ClusterArgs, context?: ClusterContext): Promise<CapturedCluster> {
    let cluster: Cluster | undefined;
    const { resources } = await captureProgram({
        stack: "test",
        config: {},
        program: async () => {
            cluster = createCluster(args, context);
            return {};
        },
    });
    if (!cluster) throw new Error("Nothing was made.");
    return {
        cluster,
        resources,
        find(name, kind) {
            const found = resources.filter(resource =>
                resource.name === name && (kind === undefined || resource.type.endsWith(`:${kind}`)));
            if (found.length === 1) return found[0];
            throw new Error(`There are ${found.length} ${name} in ${resources.map(resource => resource.name).join()}`);
        },
        ofType: type => resources.filter(resource => resource.type === type),
    };
}
