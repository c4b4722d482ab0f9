import * as z from "zod";
import { type PlatformGatewaySettings, platformGatewaySchema } from "../sections/gateway";
import { type LogsSettings, logsSchema } from "../sections/logs";
import { hasClasses } from "../sections/storage-classes";
import { type ClusterSettings, clusterSchema, sharesPlatform } from "../targets";
import type { Context } from "./defaults";
import { rule, type Violation } from "./rule";

/** The word that `landfall:environment` is in a stack without one. */
export const noEnvironment = "none";

/** The settings of a stack that is only a cluster with its platform, as plain data, with all defaults. */
export interface PlatformSettings {
    cluster: ClusterSettings;
    environment?: undefined;
    app?: undefined;
    gateway: PlatformGatewaySettings;
    logs: LogsSettings;
}

/** Everything under `landfall:` in a stack without an environment. */
export function platformSchema(context: Context) {
    const sections = z.strictObject({
        cluster: clusterSchema(context).meta({ description: "Where the cluster comes from.", example: { target: "kind", nodes: 2 } }),
        environment: z.literal(noEnvironment).meta({
            description: "No environment: other stacks have theirs on this one's cluster.", allowed: noEnvironment, example: noEnvironment,
        }),
        gateway: platformGatewaySchema().prefault({}),
        logs: logsSchema(context).prefault({}),
    });
    const own = rule(sections, ["cluster"], makesPlatform);
    return rule(own, ["cluster", "logs"], hasClasses);
}

/** A stack without an environment and without a platform would be nothing. */
function makesPlatform({ cluster }: { cluster: ClusterSettings }): Violation | undefined {
    return !sharesPlatform(cluster) ? undefined : {
        keys: ["environment", "cluster.sharedPlatform"],
        problem: "leaves nothing to create: the platform is another stack's",
        allowed: "an environment; or {cluster.sharedPlatform} false, on a cluster without a platform",
        example: { environment: { name: "uat", host: "uat.example.com" } },
    };
}
