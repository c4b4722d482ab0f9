// Prints an administrator's kubeconfig of its own, signed by the cluster for a year.
import { fail, main } from "../scripts/process.mjs";
import { cluster as readCluster, firstAnswering, nodes as readNodes, ssh as readSsh } from "./settings.mjs";
import { withSsh } from "./ssh.mjs";
import { kubeconfigTasks } from "./tasks/operate.mjs";
import { renderScript } from "./tasks/script.mjs";

await main(async () => {
    const [cluster, nodes, ssh] = [readCluster(), readNodes(), readSsh()];
    return withSsh({ ssh, nodes }, async connection => {
        const host = await firstAnswering(connection, nodes) ?? fail("No node of the control plane answers.");
        return connection.run(host, renderScript(kubeconfigTasks(cluster)));
    });
});
