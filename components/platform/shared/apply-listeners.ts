// Adds the environment's listeners to the Gateway of the cluster's platform.
import type { Json } from "../../cluster/kubernetes-api";
import { fail, main, setting } from "../../cluster/scripts/process";
import { openCluster, reasonOf } from "./cluster-script";
import { applyListeners, hasGateway } from "./gateway-object";

void main(async () => {
    const connection = await openCluster();
    const listeners = JSON.parse(setting("LISTENERS")) as Json[];
    const isThere = await hasGateway(connection).catch((error: unknown) =>
        fail(`The Gateway of the cluster's platform can't be read: ${reasonOf(error)}`));
    if (!isThere) fail("The cluster's platform has no Gateway any more. Bring up the stack that makes it, then run the command again.");
    await applyListeners(connection, setting("ENVIRONMENT"), listeners);
});
