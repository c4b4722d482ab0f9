import { Provider } from "@pulumi/gcp/provider";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { RandomId } from "@pulumi/random";
import { transformedBy } from "../../transform";
import { requireHelper } from "../cloud/helper";
import { createTeardown } from "../cloud/teardown";
import { checkedVersion } from "../cloud/version";
import type { Capabilities, Cluster } from "../cluster";
import { createProvider } from "../provider";
import { grantAccess } from "./access";
import type { GkeArgs } from "./args";
import { capabilitiesOf } from "./capabilities";
import { createControlPlane } from "./control-plane";
import { createExternalDns } from "./external-dns";
import { createKeys } from "./keys";
import { helper, incarnationOf, kubeconfigOf } from "./kubeconfig";
import { labelsOf } from "./labels";
import { createLogBucket } from "./logging";
import { createNetwork } from "./network";
import { createNodeAccount } from "./node-account";
import { createNodePools } from "./nodes";
import { createRegistry } from "./registry";
import { createServiceAgents, enableServices, projectNumber } from "./services";
import { storageClasses } from "./storage";
import { currentVersion } from "./version";

export type { GkeArgs, NodePoolArgs } from "./args";

/**
 * A cluster on Google Kubernetes Engine, in a network of its own over three zones, its nodes in pools or chosen by GKE
 * (Autopilot).
 *
 * @example new Gke("cluster", { name: "landfall-prod", project: "acme-prod", region: "europe-west3", … })
 */
export class Gke extends pulumi.ComponentResource implements Cluster {
    readonly kubeconfig: pulumi.Output<string>;
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;

    constructor(name: string, args: GkeArgs, opts?: pulumi.ComponentResourceOptions) {
        requireHelper(helper);
        super("landfall:cluster:Gke", name, {}, transformedBy(args.transform, opts));
        const google = new Provider(`${name}-google`, {
            project: args.project, region: args.region, defaultLabels: labelsOf(args),
        }, { parent: this });
        const version = checkedVersion(
            currentVersion(args, { parent: this, provider: google }), args.kubernetesVersion);

        const services = enableServices(name, { parent: this, provider: google });
        const options = { parent: this, provider: google, dependsOn: services };
        const number = projectNumber(args.project, services, options);
        const agents = createServiceAgents(name, options);
        const uniqueName = createUniqueName(name, args.name, this);

        const network = createNetwork(name, uniqueName, args, options);
        const keys = createKeys(name, uniqueName, number, args, { ...options, dependsOn: agents });
        const logs = createLogBucket(name, uniqueName, args, options);
        const nodeAccount = createNodeAccount(name, args, options);
        const registry = createRegistry(name, args, nodeAccount.email, options);
        const controlPlane = createControlPlane(`${name}-gke`, args, {
            network, keys, version, nodeAccount: nodeAccount.email,
        }, options);
        const access = grantAccess(name, args, options);
        const pools = createNodePools(name, args, controlPlane, nodeAccount.email, options);
        const externalDns = createExternalDns(name, args, number, { ...options, dependsOn: controlPlane });

        this.kubeconfig = kubeconfigOf(args.name, controlPlane);
        const teardown = createTeardown(`${name}-teardown`, this.kubeconfig, {
            parent: this,
            dependsOn: [
                controlPlane, ...pools, ...access, ...keys.volumes.grants, ...externalDns?.grants ?? [],
                nodeAccount.grant, registry.grant, logs,
            ],
        });
        this.provider = createProvider(`${name}-provider`, {
            kubeconfig: this.kubeconfig,
            comparisons: args.comparisons,
            identifier: incarnationOf(controlPlane),
        }, this, teardown);
        const classes = storageClasses(args, network.network.name, keys.volumes);
        this.capabilities = capabilitiesOf(args, classes, registry, externalDns);
        this.registerOutputs({ kubeconfig: this.kubeconfig });
    }
}

/** A name for what can't have the same one again once it was destroyed. */
function createUniqueName(name: string, clusterName: string, parent: Gke): pulumi.Output<string> {
    const suffix = new RandomId(`${name}-suffix`, { byteLength: 3 }, { parent });
    return pulumi.interpolate`${clusterName}-${suffix.hex}`;
}
