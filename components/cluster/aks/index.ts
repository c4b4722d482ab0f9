import { Provider } from "@pulumi/azure-native/provider";
import * as resources from "@pulumi/azure-native/resources";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { transformedBy } from "../../transform";
import { requireLogin } from "../cloud/access";
import { createTeardown } from "../cloud/teardown";
import { checkedVersion } from "../cloud/version";
import type { Capabilities, Cluster } from "../cluster";
import { rendering } from "../lookup";
import { createProvider } from "../provider";
import { createAccess, denyDeletion, kubeconfigOf, loginCheck } from "./access";
import { type AksArgs, completeArgs, type Scope, sizes } from "./args";
import { createControlPlane, createMaintenance, currentVersion } from "./control-plane";
import { createExternalDns, createIdentities, type ExternalDns } from "./identities";
import { createKey } from "./keys";
import { createLogging } from "./logging";
import { createNetwork, loadBalancingOf } from "./network";
import { createNodePools, spotTaint } from "./nodes";
import { createRegistry, type Registry } from "./registry";
import { createStorage, type Storage } from "./storage";

export type { AksArgs } from "./args";

/**
 * A cluster on Azure Kubernetes Service, with its network, key, logs, registry and storage, in resource groups of its own.
 *
 * @example new Aks("cluster", { name: "landfall-prod", size: "production", location: "westeurope", … })
 */
export class Aks extends pulumi.ComponentResource implements Cluster {
    readonly kubeconfig: pulumi.Output<string>;
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;

    constructor(name: string, args: AksArgs, opts?: pulumi.ComponentResourceOptions) {
        requireLogin(loginCheck);
        super("landfall:cluster:Aks", name, {}, transformedBy(args.transform, opts));
        const scope = createScope(name, args, this);
        const version = checkedVersion(
            rendering() ? undefined : currentVersion(args.name, scope.options), args.kubernetesVersion);

        const identities = createIdentities(scope);
        const { tenantId } = identities.controlPlane;
        const access = createAccess(scope);
        const network = createNetwork(scope);
        const key = createKey(scope, tenantId);
        const storage = createStorage(scope, network, identities);
        const registry = createRegistry(scope, identities);
        const rights = [...identities.rights, ...access, ...storage.rights, ...registry.rights];

        const cluster = createControlPlane(scope, { version, network, identities, key: key.id, rights });
        const nodes = createNodePools(scope, cluster, { version, network });
        const externalDns = createExternalDns(scope, cluster);
        const logging = createLogging(scope, { cluster, vault: key.vault });
        createMaintenance(scope, cluster);
        if (scope.args.deletionProtection) denyDeletion(scope, storage.group);

        this.kubeconfig = kubeconfigOf(scope, cluster, tenantId);
        const teardown = createTeardown(`${name}-teardown`, this.kubeconfig, {
            parent: this, dependsOn: [cluster, ...nodes, ...externalDns?.rights ?? [], ...logging],
        });
        this.provider = createProvider(`${name}-provider`, {
            kubeconfig: this.kubeconfig,
            comparisons: args.comparisons,
            identifier: cluster.resourceUID,
        }, this, teardown);
        this.capabilities = capabilitiesOf(scope, { storage, registry, externalDns });
        this.registerOutputs({ kubeconfig: this.kubeconfig });
    }
}

function createScope(name: string, given: AksArgs, parent: pulumi.Resource): Scope {
    const args = completeArgs(given);
    const provider = new Provider(`${name}-azure`, {
        subscriptionId: args.subscription,
        tenantId: args.tenant,
    }, { parent });
    const options = { parent, provider };
    const tags = { project: pulumi.getProject(), stack: pulumi.getStack(), ...args.tags };
    const group = new resources.ResourceGroup(`${name}-group`, {
        resourceGroupName: args.name, location: args.location, tags,
    }, options);
    const suffix = new random.RandomString(`${name}-suffix`, { length: 6, special: false, upper: false }, { parent });
    return {
        name,
        args,
        defaults: sizes[args.size],
        tags,
        group,
        suffix: suffix.result,
        retained: args.volumes !== "delete",
        options,
    };
}

interface Parts {
    storage: Storage;
    registry: Registry;
    externalDns?: ExternalDns;
}

function capabilitiesOf(scope: Scope, { storage, registry, externalDns }: Parts): Capabilities {
    const [disk, shared] = storage.classes;
    const hasSpot = Object.values(scope.args.nodePools).some(({ spot }) => spot);
    return {
        storageClass: disk.name,
        sharedStorageClass: shared.name,
        storageClasses: storage.classes,
        loadBalancing: loadBalancingOf(scope),
        metrics: "builtin",
        kubeletInsecureTls: false,
        apiServerPorts: [],
        externalDns: externalDns?.controller,
        interruptible: hasSpot ? spotTaint : undefined,
        networkPolicy: "enforced",
        get images() {
            return registry.delivery();
        },
    };
}
