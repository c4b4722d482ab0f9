import { getProjectOutput } from "@pulumi/gcp/organizations";
import { Service } from "@pulumi/gcp/projects";
import { Provider } from "@pulumi/gcp/provider";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { RandomId } from "@pulumi/random";
import { transformedBy } from "../../transform";
import { requireLogin } from "../cloud/access";
import { createTeardown } from "../cloud/teardown";
import { checkedVersion } from "../cloud/version";
import type { Capabilities, Cluster, StorageClass } from "../cluster";
import { rendering } from "../lookup";
import { createProvider } from "../provider";
import { createAccess, kubeconfigOf, loginCheck } from "./access";
import { completeArgs, type GkeArgs, type Scope, sizes } from "./args";
import { createControlPlane, currentVersion, dnsEndpointOf } from "./control-plane";
import { createExternalDns, createNodeAccount, createServiceAgents, type ExternalDns } from "./identities";
import { createKeys } from "./keys";
import { createLogBucket } from "./logging";
import { createNetwork, dnsAddresses, loadBalancingOf } from "./network";
import { createNodePools, interruptible } from "./nodes";
import { createRegistry, type Registry } from "./registry";
import { storageClassesOf } from "./storage";

export type { GkeArgs } from "./args";

/**
 * A cluster on Google Kubernetes Engine, in a network of its own over three zones. Its nodes are in pools, or GKE chooses
 * them (Autopilot).
 *
 * @example new Gke("cluster", { name: "landfall-prod", project: "acme-prod", region: "europe-west3", … })
 */
export class Gke extends pulumi.ComponentResource implements Cluster {
    readonly kubeconfig: pulumi.Output<string>;
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;

    constructor(name: string, args: GkeArgs, opts?: pulumi.ComponentResourceOptions) {
        requireLogin(loginCheck);
        super("landfall:cluster:Gke", name, {}, transformedBy(args.transform, opts));
        const scope = createScope(name, args, this);
        const version = checkedVersion(currentVersion(scope), args.kubernetesVersion);

        const agents = createServiceAgents(scope);
        const network = createNetwork(scope);
        const keys = createKeys(scope, agents);
        const logs = createLogBucket(scope);
        const nodeAccount = createNodeAccount(scope);
        const registry = createRegistry(scope, nodeAccount.email);
        const cluster = createControlPlane(scope, { network, keys, version, nodeAccount: nodeAccount.email });
        const access = createAccess(scope);
        const pools = createNodePools(scope, cluster, nodeAccount.email);
        const externalDns = createExternalDns(scope, cluster);

        this.kubeconfig = kubeconfigOf(args.name, cluster);
        const teardown = createTeardown(`${name}-teardown`, this.kubeconfig, {
            parent: this,
            dependsOn: [
                cluster, ...pools, ...access, ...keys.volumes.grants, ...externalDns?.grants ?? [],
                nodeAccount.grant, ...registry.grants, logs,
            ],
        });
        this.provider = createProvider(`${name}-provider`, {
            kubeconfig: this.kubeconfig,
            comparisons: args.comparisons,
            identifier: dnsEndpointOf(cluster),
        }, this, teardown);
        const storageClasses = storageClassesOf(scope, network.network.name, keys.volumes);
        this.capabilities = capabilitiesOf(scope, { storageClasses, registry, externalDns });
        this.registerOutputs({ kubeconfig: this.kubeconfig });
    }
}

function createScope(name: string, given: GkeArgs, parent: pulumi.Resource): Scope {
    const args = completeArgs(given);
    const { project, region, size } = args;
    const labels = labelsOf(args);
    const provider = new Provider(`${name}-google`, { project, region, defaultLabels: labels }, { parent });
    const services = enableServices(name, { parent, provider });
    const options = { parent, provider, dependsOn: services };
    const suffix = new RandomId(`${name}-suffix`, { byteLength: 3 }, { parent });
    return {
        name,
        args,
        defaults: sizes[size],
        labels,
        uniqueName: pulumi.interpolate`${args.name}-${suffix.hex}`,
        projectNumber: rendering()
            ? pulumi.output("000000000000")
            : getProjectOutput({ projectId: project }, options).number,
        retained: args.volumes !== "delete",
        options,
    };
}

/** Google allows lower-case letters, digits, "_" and "-", at most 63. */
function labelsOf({ tags }: GkeArgs): Record<string, string> {
    const label = (text: string): string => text.toLowerCase().replace(/[^a-z0-9_-]/g, "-").slice(0, 63);
    return { project: label(pulumi.getProject()), stack: label(pulumi.getStack()), ...tags };
}

/** Enables the APIs that the cluster uses. They stay enabled, because others may have started to use them. */
function enableServices(name: string, options: pulumi.CustomResourceOptions): Service[] {
    const services = [
        "artifactregistry", "cloudkms", "cloudresourcemanager", "compute", "container", "containerscanning", "file", "iam",
        "logging", "monitoring",
    ];
    return services.map(service => new Service(`${name}-service-${service}`, {
        service: `${service}.googleapis.com`, disableOnDestroy: false,
    }, options));
}

interface Parts {
    /** For one pod, and shared. */
    storageClasses: StorageClass[];
    registry: Registry;
    externalDns?: ExternalDns;
}

function capabilitiesOf(scope: Scope, { storageClasses, registry, externalDns }: Parts): Capabilities {
    const [disk, shared] = storageClasses;
    return {
        storageClass: disk.name,
        sharedStorageClass: shared.name,
        storageClasses,
        loadBalancing: loadBalancingOf(scope),
        metrics: "builtin",
        kubeletInsecureTls: false,
        apiServerPorts: [],
        dnsAddresses,
        externalDns: externalDns?.controller,
        interruptible: interruptible(scope.args),
        networkPolicy: "enforced",
        images: registry.images,
    };
}
