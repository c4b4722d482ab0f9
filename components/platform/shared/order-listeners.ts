// Puts the platform's own listeners of a Gateway before those of the environments on it.
import { fail, main } from "../../cluster/scripts/process";
import { openCluster, reasonOf } from "./cluster-script";
import { orderListeners } from "./gateway-object";

void main(async () => {
    await orderListeners(await openCluster()).catch((error: unknown) =>
        fail(`The listeners of the cluster's Gateway can't be put in order: ${reasonOf(error)}`));
});
