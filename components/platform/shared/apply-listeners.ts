// Adds the environment's listeners to the Gateway of the cluster's platform.
import type { Json } from "../../cluster/kubernetes-api";
import { fail, main, setting } from "../../cluster/scripts/process";
import { openCluster } from "./cluster-script";
import { applyListeners, hasGateway } from "./gateway-object";

void main(async () => {
    const connection = await openCluster();
    if (!await hasGateway(connection)) {
        fail("The cluster's platform has no Gateway any more. Bring up the stack that makes the platform, then run the command again.");
    }
    await applyListeners(connection, setting("ENVIRONMENT"), JSON.parse(setting("LISTENERS")) as Json[]);
});
