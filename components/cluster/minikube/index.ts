import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { scriptCommand } from "../../script";
import { type Transform, transformedBy } from "../../transform";
import { versions } from "../../versions";
import { Capabilities, Cluster, gatewayPorts, LoadBalancing, serviceSeconds } from "../cluster";
import type { Comparisons } from "../compare";
import { findCluster, Found } from "../lookup";
import { createProvider } from "../provider";
import { kitMinikubeImage } from "../stand-ins";
import { driverOf, isOnThisComputer, minikubeStartArgs } from "./start";

export { minikubeStartArgs } from "./start";

/** Plain values, not `pulumi.Input`s: whether the cluster is there is looked up before any resource is made. */
export interface MinikubeArgs {
    /** The profile: minikube's name for a cluster. @example "landfall-dev" */
    name: string;
    /** What minikube runs the nodes on. A change makes the cluster anew. @default "docker" @example "kvm2" */
    driver?: string;
    /** How many nodes. With more than one there is no shared volume class. A change makes the cluster anew. */
    nodes: number;
    /**
     * By default the version that Landfall is tested with. An existing cluster keeps its version, unless this names another:
     * that replaces the cluster. @example "v1.36.4"
     */
    kubernetesVersion?: string;
    /** CPUs of each node. A change makes the cluster anew. @example 2 */
    cpus: number;
    /** Memory of each node. A change makes the cluster anew. @example "4Gi" */
    memory: string;
    /** Port on 127.0.0.1 where the gateway answers HTTP; with drivers that publish ports. @example 8080 */
    http: number;
    /** Port on 127.0.0.1 where the gateway answers HTTPS; with drivers that publish ports. @example 8443 */
    https: number;
    /** More flags of `minikube start`; they win over ours. A change replaces the cluster. @example ["--cni=flannel"] */
    flags?: string[];
    /** Volumes live inside minikube's nodes and always go with the cluster; "retain" earns a warning. */
    volumes?: "delete" | "retain";
    /** Refuses what can't be changed in place. @default nothing is compared */
    comparisons?: Comparisons;
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

const scripts = "components/cluster/minikube";

/**
 * A cluster on this computer, made by minikube. The user's own kubeconfig is left alone. Deleted by hand, it is made
 * again by the next run.
 *
 * @example new Minikube("cluster", { name: "landfall-dev", nodes: 1, cpus: 2, memory: "4Gi", http: 8080, https: 8443 })
 */
export class Minikube extends pulumi.ComponentResource implements Cluster {
    readonly kubeconfig: pulumi.Output<string>;
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;
    readonly deletedWith: pulumi.Resource;

    constructor(name: string, args: MinikubeArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:cluster:Minikube", name, {}, transformedBy(args.transform, opts));
        if (args.volumes === "retain") {
            pulumi.log.warn("minikube keeps volumes inside its nodes: they are lost with the cluster, although the " +
                "environment says volumes: retain. The target kind keeps them.", this);
        }
        const environment = {
            CLUSTER_NAME: args.name,
            CLUSTER_OWNER: `${pulumi.getProject()}/${pulumi.getStack()}`,
            CLUSTER_CONFIG: JSON.stringify(minikubeStartArgs(args)),
        };
        const found = findCluster(`${scripts}/status.ts`, {
            ...environment, CLUSTER_KUBERNETES: args.kubernetesVersion ?? versions.kubernetes,
        }, this);

        const profile = createProfile(`${name}-profile`, environment, this);
        const machine = scriptCommand(`${name}-nodes`, {
            create: `${scripts}/create.ts`,
            delete: `${scripts}/delete.ts`,
            environment: {
                ...environment,
                ...unsetVersion(args, found),
                INCARNATION: found.incarnation,
                // Many drivers publish the API under another address after a restart; then the script prints it again.
                REVISION: String(found.revision ?? 0),
            },
            triggers: [found.incarnation],
        }, { parent: this, dependsOn: profile });
        this.kubeconfig = pulumi.secret(machine.stdout);
        this.provider = createProvider(`${name}-provider`, {
            kubeconfig: this.kubeconfig,
            comparisons: args.comparisons,
            identifier: found.incarnation,
        }, this);
        this.capabilities = capabilitiesOf(args, found);
        this.deletedWith = machine;
        this.registerOutputs({ kubeconfig: this.kubeconfig });
    }
}

/**
 * Makes sure that nobody else has the profile. As it is there before the nodes, destroying it also removes a cluster
 * whose making was interrupted, of which the engine knows nothing.
 */
function createProfile(
    name: string, { CLUSTER_NAME, CLUSTER_OWNER }: Record<"CLUSTER_NAME" | "CLUSTER_OWNER", string>, parent: Minikube,
): pulumi.Resource {
    return scriptCommand(name, {
        create: `${scripts}/claim.ts`,
        delete: `${scripts}/delete.ts`,
        environment: { CLUSTER_NAME, CLUSTER_OWNER },
    }, { parent });
}

/** The version if the settings name none. It isn't in CLUSTER_CONFIG, so a new pin only applies to new clusters. */
function unsetVersion(args: MinikubeArgs, found: Found): Record<string, string> {
    const version = found.kubernetesVersion ?? versions.kubernetes;
    return args.kubernetesVersion === undefined && version !== "" ? { CLUSTER_KUBERNETES: version } : {};
}

function capabilitiesOf(args: MinikubeArgs, found: Found & { incarnation: string }): Capabilities {
    return {
        storageClass: "standard",
        // minikube's provisioner makes a directory on one node, which only pods of that node share.
        sharedStorageClass: args.nodes === 1 ? "standard" : undefined,
        loadBalancing: loadBalancingOf(args, found.address),
        metrics: "builtin",
        kubeletInsecureTls: true,
        apiServerPorts: [8443],
        networkPolicy: networkPolicyOf(args.flags ?? []),
        images: {
            method: "load",
            script: `${scripts}/load-image.ts`,
            // A new incarnation has no images yet.
            environment: { CLUSTER_NAME: args.name, INCARNATION: found.incarnation },
        },
        imagesByTag: isKits(args.flags ?? []),
    };
}

/** The pod network of its own enforces them, the kit's lets everything through, and of others nobody knows. */
function networkPolicyOf(flags: string[]): Capabilities["networkPolicy"] {
    if (isKits(flags)) return "unenforced";
    const network = flags.findLast(flag => flag.startsWith("--cni=")) ?? "--cni=calico";
    return network === "--cni=calico" ? "enforced" : "unknown";
}

function isKits(flags: string[]): boolean {
    return flags.some(flag => flag.startsWith(`--base-image=${kitMinikubeImage}:`));
}

/** The node that minikube makes first: its ports are published, and `minikube ip` is its address. */
const primaryNode = { labels: { "minikube.k8s.io/primary": "true" }, count: 1 };

/** A virtual machine publishes nothing on this computer: its own address is known once it has been made. */
function loadBalancingOf(args: MinikubeArgs, address: string | undefined): LoadBalancing {
    const { publishesPorts } = driverOf(args);
    const ports = {
        type: "NodePort",
        drainSeconds: serviceSeconds,
        seesClients: !publishesPorts,
        ...gatewayPorts,
        nodes: primaryNode,
    } as const;
    if (publishesPorts) {
        return { ...ports, host: "127.0.0.1", publishedHttps: args.https };
    }
    const host = isOnThisComputer(args) ? "127.0.0.1" : (address ?? `$(minikube ip --profile ${args.name})`);
    return { ...ports, host, publishedHttps: gatewayPorts.https };
}
