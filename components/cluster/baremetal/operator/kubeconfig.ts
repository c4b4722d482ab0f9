// Makes the cluster sign a kubeconfig for its administrator, valid for a year, and prints it.
import { X509Certificate } from "node:crypto";

import { fail, main } from "../../scripts/process";
import { kubeconfigTasks, rememberAdministratorTasks } from "../machine/certificates";
import { renderScript } from "../machine/script";
import { readFacts } from "./settings";
import { withSsh } from "./ssh";
import { answeringNode } from "./steps";

async function kubeconfig(): Promise<string> {
    const { cluster, nodes, ssh } = readFacts<"kubeconfig">();
    return withSsh({ ssh, nodes }, async connection => {
        const host = await answeringNode(connection, nodes);
        const signed = await connection.run(host, renderScript(kubeconfigTasks(cluster)));
        const remember = renderScript(rememberAdministratorTasks({
            generation: cluster.generation, signed: Math.floor(Date.now() / 1000), ends: endOf(signed),
        }));
        await connection.run(host, remember);
        await Promise.all(nodes.filter(node => node !== host).map(node => connection.attempt(node, remember)));
        return signed;
    });
}

/** When its certificate expires, in seconds since 1970. */
function endOf(signed: string): number {
    const [, data] = /client-certificate-data: (\S+)/.exec(signed) ?? fail("kubeadm has signed no certificate.");
    return Math.floor(Date.parse(new X509Certificate(Buffer.from(data, "base64")).validTo) / 1000);
}

if (require.main === module) void main(kubeconfig);
