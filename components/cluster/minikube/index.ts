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

/** Plain values, not `pulumi.Input`s, because the cluster is looked up before any resource is registered. */
export interface MinikubeArgs {
    /** The profile: minikube's name for a cluster. @example "landfall-dev" */
    name: string;
    /** minikube's driver, which runs the nodes. A change replaces the cluster. @default "docker" @example "kvm2" */
    driver?: string;
    /** Number of nodes. With more than one there is no StorageClass for shared volumes. A change replaces the cluster. */
    nodes: number;
    /**
     * Version of a new cluster. An existing cluster keeps its version; naming another one here replaces it.
     * @default the version that Landfall is tested with @example "v1.36.4"
     */
    kubernetesVersion?: string;
    /** CPUs of each node. A change replaces the cluster. @example 2 */
    cpus: number;
    /** Memory of each node. A change replaces the cluster. @example "4Gi" */
    memory: string;
    /** Port on 127.0.0.1 where the gateway answers HTTP, if the driver publishes ports. @example 8080 */
    http: number;
    /** Port on 127.0.0.1 where the gateway answers HTTPS, if the driver publishes ports. @example 8443 */
    https: number;
    /** Additional flags of `minikube start`, which override Landfall's. A change replaces the cluster. @example ["--cni=flannel"] */
    flags?: string[];
    /** Volumes are inside minikube's nodes and always lost with the cluster, so "retain" causes a warning. */
    volumes?: "delete" | "retain";
    /** Refuses changes that can't be made in place. @default nothing is compared */
    comparisons?: Comparisons;
    /** Changes the arguments of each resource last, for anything that these settings don't cover. */
    transform?: Transform;
}

const scripts = "components/cluster/minikube";

/**
 * A cluster on this computer, created by minikube. It doesn't change the user's kubeconfig. If someone deletes it by hand,
 * the next run creates it again.
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
                // With many drivers the API server has another address after a restart. Then the script prints the new kubeconfig.
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
 * Checks that the profile isn't someone else's. It is created before the nodes. If creating them is interrupted, the engine
 * doesn't know them, so destroying this removes them.
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
        // minikube's provisioner creates a directory on one node, so only pods of that node can share it.
        sharedStorageClass: args.nodes === 1 ? "standard" : undefined,
        loadBalancing: loadBalancingOf(args, found.address),
        metrics: "builtin",
        kubeletInsecureTls: true,
        apiServerPorts: [8443],
        networkPolicy: networkPolicyOf(args.flags ?? []),
        images: {
            method: "load",
            script: `${scripts}/load-image.ts`,
            unload: `${scripts}/unload-images.ts`,
            // A new incarnation has no images yet.
            environment: { CLUSTER_NAME: args.name, INCARNATION: found.incarnation },
        },
        imagesByTag: isFromKit(args.flags ?? []),
    };
}

/** Landfall's pod network (Calico) enforces policies, and so does the kit's. Whether others do isn't known. */
function networkPolicyOf(flags: string[]): Capabilities["networkPolicy"] {
    if (isFromKit(flags)) return "enforced";
    const network = flags.findLast(flag => flag.startsWith("--cni=")) ?? "--cni=calico";
    return network === "--cni=calico" ? "enforced" : "unknown";
}

function isFromKit(flags: string[]): boolean {
    return flags.some(flag => flag.startsWith(`--base-image=${kitMinikubeImage}:`));
}

/** The node that minikube creates first. Its ports are published, and `minikube ip` is its address. */
const primaryNode = { labels: { "minikube.k8s.io/primary": "true" }, count: 1 };

/** A virtual machine publishes no ports on this computer. Its own address is known after it was created. */
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
