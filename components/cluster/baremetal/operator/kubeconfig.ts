// @ts-nocheck
// Prints an administrator's kubeconfig of its own, signed by the cluster for a year.
import { X509Certificate } from "node:crypto";

import { fail, main } from "../../scripts/process";
import { cluster as readCluster, firstAnswering, nodes as readNodes, ssh as readSsh } from "./settings";
import { withSsh } from "./ssh";
import { kubeconfigTasks, rememberAdministratorTasks } from "../machine/certificates";
import { renderScript } from "../machine/script";

void main(async () => {
    const [cluster, nodes, ssh] = [readCluster(), readNodes(), readSsh()];
    return withSsh({ ssh, nodes }, async connection => {
        const host = await firstAnswering(connection, nodes) ?? fail("No node of the control plane answers.");
        const kubeconfig = await connection.run(host, renderScript(kubeconfigTasks(cluster)));
        const remember = renderScript(rememberAdministratorTasks({
            generation: cluster.generation, signed: Math.floor(Date.now() / 1000), ends: endOf(kubeconfig),
        }));
        await connection.run(host, remember);
        await Promise.all(nodes.filter(node => node !== host).map(node => connection.attempt(node, remember)));
        return kubeconfig;
    });
});

/** When its certificate ends, in seconds. */
function endOf(kubeconfig) {
    const [, data] = /client-certificate-data: (\S+)/.exec(kubeconfig) ?? fail("kubeadm has signed no certificate.");
    return Math.floor(Date.parse(new X509Certificate(Buffer.from(data, "base64")).validTo) / 1000);
}
