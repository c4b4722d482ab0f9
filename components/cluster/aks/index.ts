import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { transformedBy } from "../../transform";
import { createTeardown } from "../cloud/teardown";
import type { Capabilities, Cluster } from "../cluster";
import { createProvider } from "../provider";
import { createAccess } from "./access";
import type { AksArgs } from "./args";
import { capabilitiesOf } from "./capabilities";
import { createControlPlane } from "./control-plane";
import { kubeconfigOf, requireLogin } from "./credentials";
import { createDns } from "./dns";
import { createIdentities } from "./identities";
import { createKey } from "./key";
import { createLogging } from "./logging";
import { createMaintenance } from "./maintenance";
import { createNetwork } from "./network";
import { createNodePools } from "./nodes";
import { createPlace } from "./place";
import { protectFromDeletion } from "./protection";
import { createRegistry } from "./registry";
import { withDefaults } from "./sizes";
import { createStorage } from "./storage";
import { versionOf } from "./version";

export type { AksArgs } from "./args";

/**
 * A cluster of Azure Kubernetes Service, with its network, key, logs, registry and storage, in resource groups of its
 * own.
 *
 * @example new Aks("cluster", { name: "landfall-prod", size: "production", location: "westeurope", ... })
 */
export class Aks extends pulumi.ComponentResource implements Cluster {
    readonly kubeconfig: pulumi.Output<string>;
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;

    constructor(name: string, args: AksArgs, opts?: pulumi.ComponentResourceOptions) {
        requireLogin();
        super("landfall:cluster:Aks", name, {}, transformedBy(args.transform, opts));
        const settings = withDefaults(args);
        const place = createPlace(name, settings, this);
        const version = versionOf(settings, place);

        const identities = createIdentities(name, place);
        const { tenantId } = identities.controlPlane;
        const access = createAccess(name, settings, place);
        const network = createNetwork(name, settings.network, place);
        const key = createKey(name, settings, tenantId, place);
        const storage = createStorage(name, settings, network, identities, place);
        const registry = createRegistry(name, settings, identities, place);
        const rights = [...identities.rights, ...access, ...storage.rights, ...registry.rights];

        const cluster = createControlPlane(name, { settings, version, network, identities, key: key.id, rights }, place);
        const nodes = createNodePools(name, cluster, { settings, version, network }, place);
        const dns = settings.dnsZone === undefined ? undefined : createDns(name, cluster, settings.dnsZone, place);
        const logging = createLogging(name, { cluster, vault: key.vault }, settings, place);
        createMaintenance(name, cluster, settings.maintenance, place);
        if (settings.deletionProtection) protectFromDeletion(name, storage.group, place);

        this.kubeconfig = kubeconfigOf(cluster, tenantId, settings.name, place);
        const teardown = createTeardown(`${name}-teardown`, this.kubeconfig, {
            parent: this, dependsOn: [cluster, ...nodes, ...dns?.rights ?? [], ...logging],
        });
        this.provider = createProvider(`${name}-provider`, {
            kubeconfig: this.kubeconfig,
            comparisons: args.comparisons,
            identifier: cluster.resourceUID,
        }, this, teardown);
        this.capabilities = capabilitiesOf(settings, { storage, registry, dns }, place);
        this.registerOutputs({ kubeconfig: this.kubeconfig });
    }
}
