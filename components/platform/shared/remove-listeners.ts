// Removes the environment's listeners from the Gateway of the cluster's platform. Those of others stay.
import { fail, main, setting } from "../../cluster/scripts/process";
import { applyListeners, hasGateway, openCluster } from "./gateway-object";

void main(async () => {
    try {
        const connection = await openCluster();
        if (await hasGateway(connection)) await applyListeners(connection, setting("ENVIRONMENT"), []);
    } catch (error) {
        // The same variable as for all other objects in a cluster that is gone.
        if (process.env.PULUMI_K8S_DELETE_UNREACHABLE === "true") return;
        const { message, code } = error as NodeJS.ErrnoException;
        fail(`The environment's listeners could not be removed from the gateway: ${message || code}\n`
            + "If the cluster is gone, set PULUMI_K8S_DELETE_UNREACHABLE=true and run the destroy again.");
    }
});
