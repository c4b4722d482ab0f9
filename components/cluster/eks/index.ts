import type { Key } from "@pulumi/aws/kms";
import { Provider } from "@pulumi/aws/provider";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { transformedBy } from "../../transform";
import { mixesSpot } from "../cloud/args";
import { createTeardown } from "../cloud/teardown";
import type { Capabilities, Cluster, ImageDelivery } from "../cluster";
import { createProvider } from "../provider";
import { createAccess, kubeconfigOf, requireAdmin } from "./access";
import { type EksArgs, type Scope, sizes } from "./args";
import { createAddOns, createControlPlane, createNodeAddOns, enforceNetworkPolicies } from "./control-plane";
import { type Controllers, createControllers, createNodeRole } from "./identities";
import { createKey } from "./keys";
import { createControlPlaneLogs, createFlowLog } from "./logging";
import { createNetwork, dnsAddressOf, loadBalancingOf } from "./network";
import { countNodes, createNodeGroups, createUpgrades, spotTaint } from "./nodes";
import { createRegistry } from "./registry";
import { createSharedFiles, type SharedFiles, storageClassesOf } from "./storage";

export type { EksArgs } from "./args";

/**
 * A cluster on Amazon EKS with everything that it needs: network, key, logs, nodes, volumes, registry and access.
 *
 * @example new Eks("cluster", { name: "landfall-prod", size: "production", account: "123456789012", region, … })
 */
export class Eks extends pulumi.ComponentResource implements Cluster {
    readonly kubeconfig: pulumi.Output<string>;
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;

    constructor(name: string, args: EksArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:cluster:Eks", name, {}, transformedBy(args.transform, opts));
        requireAdmin(args);
        const counts = countNodes(name, args);
        const scope = createScope(name, args, this);

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
            // Unlike the name, AWS never reuses it.
            identifier: cluster.endpoint,
        }, this, teardown);
        if (args.provisioning === "auto") enforceNetworkPolicies(name, this.provider, this);
        this.capabilities = capabilitiesOf(scope, { key, files, controllers, images });
        this.registerOutputs({ kubeconfig: this.kubeconfig });
    }
}

function createScope(name: string, args: EksArgs, parent: pulumi.Resource): Scope {
    const { account, region } = args;
    const tags = { project: pulumi.getProject(), stack: pulumi.getStack(), ...args.tags };
    const provider = new Provider(`${name}-aws`, {
        region,
        // `requireAdmin` checks once, the provider with every call.
        allowedAccountIds: [account],
        defaultTags: { tags },
    }, { parent });
    return {
        name,
        args,
        defaults: sizes[args.size],
        partition: region.startsWith("us-gov-") ? "aws-us-gov" : "aws",
        tags,
        retained: args.volumes !== "delete",
        options: { parent, provider },
    };
}

interface Parts {
    key: Key;
    files: SharedFiles;
    controllers: Controllers;
    images: ImageDelivery;
}

function capabilitiesOf(scope: Scope, { key, files, controllers, images }: Parts): Capabilities {
    const { args } = scope;
    const auto = args.provisioning === "auto";
    return {
        storageClass: "landfall",
        sharedStorageClass: "landfall-shared",
        storageClasses: storageClassesOf(scope, key, files),
        loadBalancing: loadBalancingOf(scope),
        metrics: "builtin",
        kubeletInsecureTls: false,
        // The API server listens on the port of its Service.
        apiServerPorts: [],
        // On Auto Mode's nodes, DNS isn't a pod: each node answers at the Service's address.
        dnsAddresses: auto ? [`${dnsAddressOf(args.network)}/32`] : undefined,
        clusterAutoscaler: controllers.clusterAutoscaler,
        externalDns: controllers.externalDns,
        interruptible: mixesSpot(args.nodePools) ? spotTaint : undefined,
        networkPolicy: "enforced",
        images,
    };
}
