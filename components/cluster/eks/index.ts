import type { Cluster as ControlPlane } from "@pulumi/aws/eks";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { transformedBy } from "../../transform";
import { execKubeconfig } from "../cloud/kubeconfig";
import { createTeardown } from "../cloud/teardown";
import type { Capabilities, Cluster } from "../cluster";
import { createProvider } from "../provider";
import { createAccess } from "./access";
import { createAddOns, createNodeAddOns } from "./addons";
import type { EksArgs } from "./args";
import { enforceNetworkPolicies } from "./auto";
import { checkCaller } from "./caller";
import { capabilitiesOf } from "./capabilities";
import { createControlPlane } from "./control-plane";
import { createControllers } from "./controllers";
import { countsOf } from "./counts";
import { createKey } from "./key";
import { createControlPlaneLogs, createFlowLog } from "./logs";
import { createNetwork } from "./network";
import { createNodeGroups, createNodeRole, nodeGroupName } from "./nodes";
import { createRegistry } from "./registry";
import { scopeOf } from "./scope";
import { createSharedFiles } from "./storage";
import { createUpgrades } from "./upgrades";

export type { EksArgs, NodePool } from "./args";

/**
 * A cluster of Amazon EKS with all that belongs to it: network, key, logs, nodes, volumes, registry, access.
 *
 * @example new Eks("cluster", { name: "landfall-prod", size: "production", account: "123456789012", region, … })
 */
export class Eks extends pulumi.ComponentResource implements Cluster {
    readonly kubeconfig: pulumi.Output<string>;
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;

    constructor(name: string, args: EksArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:cluster:Eks", name, {}, transformedBy(args.transform, opts));
        checkCaller(args);
        const counts = countsOf(args, pool => nodeGroupName({ name }, pool));
        const scope = scopeOf(name, args, this);

        const key = createKey(scope);
        const network = createNetwork(scope);
        createFlowLog(scope, network.vpc, key);
        const nodeRole = createNodeRole(scope);
        const logs = createControlPlaneLogs(scope, key);
        const cluster = createControlPlane(scope, { network, key, logs, nodeRole });
        const access = createAccess(scope, cluster);

        const before = createNodeAddOns(scope, cluster);
        const groups = createNodeGroups(scope, { cluster, network, key, role: nodeRole, counts, before });
        createUpgrades(scope, groups);
        const nodes = Object.values(groups);
        const addOns = createAddOns(scope, cluster, nodes);
        const files = createSharedFiles(scope, network, cluster, key);
        const images = createRegistry(scope, key);
        const controllers = createControllers(scope, cluster);

        this.kubeconfig = kubeconfigOf(args, cluster);
        const teardown = createTeardown(`${name}-teardown`, this.kubeconfig, {
            parent: this,
            dependsOn: [...nodes, ...before, ...addOns, ...access, ...files.parts, ...controllers.parts],
        });
        this.provider = createProvider(`${name}-provider`, {
            kubeconfig: this.kubeconfig,
            comparisons: args.comparisons,
            // Unlike the name, it is never given twice.
            identifier: cluster.endpoint,
        }, this, teardown);
        if (args.provisioning === "auto") enforceNetworkPolicies(name, this.provider, this);
        this.capabilities = capabilitiesOf(scope, { key, files, controllers, images });
        this.registerOutputs({ kubeconfig: this.kubeconfig });
    }
}

function kubeconfigOf({ name, region }: EksArgs, cluster: ControlPlane): pulumi.Output<string> {
    return execKubeconfig({
        name,
        server: cluster.endpoint,
        certificateAuthority: cluster.certificateAuthority.data,
        exec: {
            command: "aws",
            args: ["eks", "get-token", "--cluster-name", name, "--region", region, "--output", "json"],
        },
    });
}
