import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { scriptCommand } from "../../script";

/**
 * Stands between a cloud's cluster and everything in it. A destroy deletes it after every Kubernetes object, and before
 * nodes, access, controllers and network. It waits until controllers in the cluster have released the cloud's load
 * balancers and disks, and prints which volumes are kept. If something still uses the network, it names that object;
 * otherwise, the cloud would refuse to delete the network without a reason.
 * @param kubeconfig without credentials
 * @param opts `dependsOn`: nodes, access and controllers
 */
export function createTeardown(
    name: string, kubeconfig: pulumi.Output<string>, opts: pulumi.CustomResourceOptions,
): local.Command {
    return scriptCommand(name, {
        delete: "components/cluster/cloud/await-released.ts",
        environment: { CLUSTER_KUBECONFIG: kubeconfig },
        shown: true,
    }, { customTimeouts: { delete: "20m" }, ...opts });
}
