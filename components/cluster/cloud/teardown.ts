import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { scriptCommand } from "../../script";

/**
 * Stands between a cloud's cluster and all that is in it. On destroy it comes after every Kubernetes object and before
 * nodes, access, controllers and network: it waits until the cloud's load balancers and disks are released, which
 * controllers in the cluster do, and says which volumes are kept. What keeps an address of the network is an error that
 * names it, rather than a network that can't be deleted.
 * @param kubeconfig without credentials of its own
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
