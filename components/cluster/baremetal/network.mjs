// Applies the manifest of a pod network that the stack brings along.
import { fail, main, setting } from "../scripts/process.mjs";
import { firstAnswering, nodes as readNodes, ssh as readSsh } from "./settings.mjs";
import { withSsh } from "./ssh.mjs";

await main(async () => {
    const [nodes, ssh] = [readNodes(), readSsh()];
    await withSsh({ ssh, nodes }, async connection => {
        const host = await firstAnswering(connection, nodes) ?? fail("No node of the control plane answers.");
        const kubectl = "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/landfall-kubectl";
        const apply = `${kubectl} apply --server-side --force-conflicts -f -`;
        await connection.run(host, setting("MANIFEST"), apply);
    });
});
