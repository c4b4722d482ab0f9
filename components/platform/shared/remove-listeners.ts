// Removes the environment's listeners from the Gateway of the cluster's platform. Those of others stay.
import { setting } from "../../cluster/scripts/process";
import { removeFromCluster } from "./cluster-script";
import { applyListeners, hasGateway } from "./gateway-object";

void removeFromCluster("environment's listeners", async connection => {
    if (await hasGateway(connection)) await applyListeners(connection, setting("ENVIRONMENT"), []);
});
