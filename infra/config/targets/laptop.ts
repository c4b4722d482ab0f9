import type { Change } from "../schema/change";
import { clusterName, Context } from "../schema/defaults";
import { dnsLabel, webPort, whole } from "../schema/fields";

/** The keys that all targets on this computer share. */
export function laptopKeys(context: Context, what: string, renamed: Change) {
    return {
        name: dnsLabel(40).default(clusterName(context, 40)).meta({
            description: `Name of the ${what}.`, example: "landfall-demo", defaultText: "`landfall-<stack>`", change: renamed,
        }),
        nodes: whole(1, 10).default(1).meta({
            description: "Number of nodes. The first is also the control plane.", example: 2,
        }),
        http: webPort().default(8080).meta({
            description: "Port on 127.0.0.1 at which the application answers HTTP.", example: 8088,
        }),
        https: webPort().default(8443).meta({
            description: "Port on 127.0.0.1 at which the application answers HTTPS.", example: 9443,
        }),
    };
}
