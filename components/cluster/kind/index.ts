import type { local } from "@pulumi/command";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { scriptCommand } from "../../script";
import { type Transform, transformedBy } from "../../transform";
import { Capabilities, Cluster, gatewayPorts, serviceSeconds } from "../cluster";
import type { Comparisons } from "../compare";
import { findCluster } from "../lookup";
import { createProvider } from "../provider";
import { kitNodeImage } from "../stand-ins";
import { renderKindConfig, sharedDirectory } from "./config";

/** Plain values, not `pulumi.Input`s, because the cluster is looked up before any resource is registered. */
export interface KindArgs {
    /** Name of the cluster; at most 40 characters. @example "landfall-dev" */
    name: string;
    /** Number of nodes: one control plane, the rest workers. A change replaces the cluster. @example 2 */
    nodes: number;
    /** Image of the nodes. A change replaces the cluster but keeps its data. @example "kindest/node:v1.36.4@sha256:…" */
    image: string;
    /** Port on 127.0.0.1 where the gateway answers HTTP. A change replaces the cluster. @example 8080 */
    http: number;
    /** Port on 127.0.0.1 where the gateway answers HTTPS. A change replaces the cluster. @example 8443 */
    https: number;
    /**
     * Directory on this computer for the volumes, new or empty, relative to the project. All nodes mount it, and it stays
     * when the cluster is replaced. A change replaces the cluster and keeps the old directory.
     * @default "~/.landfall/<name>/volumes"
     */
    data?: string;
    /** Address range of pods. A change replaces the cluster. @default kind's @example "10.244.0.0/16" */
    podSubnet?: string;
    /** Address range of Services. A change replaces the cluster. @default kind's @example "10.96.0.0/16" */
    serviceSubnet?: string;
    /** Whether destroying the stack deletes the directory `data`. @default "retain" */
    volumes?: "delete" | "retain";
    /** Refuses changes that can't be made in place. @default nothing is compared */
    comparisons?: Comparisons;
    /** Changes the arguments of each resource last, for anything that these settings don't cover. */
    transform?: Transform;
}

const scripts = "components/cluster/kind";
const storageClass = "landfall-local";

/**
 * A cluster of containers on this computer, created by kind. It publishes two ports on 127.0.0.1 and nothing else, and
 * doesn't change the user's kubeconfig. If someone deletes it by hand, the next run creates it again.
 *
 * @example new Kind("cluster", { name: "landfall-dev", nodes: 2, image, http: 8080, https: 8443 })
 */
export class Kind extends pulumi.ComponentResource implements Cluster {
    readonly kubeconfig: pulumi.Output<string>;
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;
    readonly deletedWith: pulumi.Resource;

    constructor(name: string, args: KindArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:cluster:Kind", name, {}, transformedBy(args.transform, opts));
        const data = args.data ?? `~/.landfall/${args.name}/volumes`;
        const environment = {
            CLUSTER_NAME: args.name,
            CLUSTER_OWNER: `${pulumi.getProject()}/${pulumi.getStack()}`,
            CLUSTER_CONFIG: renderKindConfig({ ...args, data }),
        };
        const { incarnation } = findCluster(`${scripts}/status.ts`, environment, this);

        const volumes = createVolumes(`${name}-volumes`, environment, { ...args, data }, this);
        const nodes = createNodes(`${name}-nodes`, { ...environment, INCARNATION: incarnation }, volumes, this);
        this.kubeconfig = pulumi.secret(nodes.stdout);
        this.provider = createProvider(`${name}-provider`, {
            kubeconfig: this.kubeconfig,
            comparisons: args.comparisons,
            identifier: incarnation,
        }, this);
        this.capabilities = capabilitiesOf(args, incarnation);
        this.deletedWith = nodes;
        this.registerOutputs({ kubeconfig: this.kubeconfig });
    }
}

/**
 * Creates the directory for volumes, as a resource of its own, so that it stays when the cluster is replaced. Its deletion
 * (delete-volumes.ts) also deletes the cluster: after an interrupted creation, Pulumi doesn't know the cluster.
 */
function createVolumes(
    name: string, { CLUSTER_NAME, CLUSTER_OWNER }: Record<"CLUSTER_NAME" | "CLUSTER_OWNER", string>,
    args: KindArgs & { data: string }, parent: Kind,
): local.Command {
    return scriptCommand(name, {
        create: `${scripts}/create-volumes.ts`,
        delete: `${scripts}/delete-volumes.ts`,
        environment: {
            CLUSTER_NAME, CLUSTER_OWNER, VOLUMES: args.data, ON_DELETE: args.volumes ?? "retain", IMAGE: args.image,
        },
    }, { parent });
}

/** Creates the cluster. kind can't change one in place, so a changed config means a new incarnation (see status.ts). */
function createNodes(
    name: string, environment: Record<string, string>, volumes: pulumi.Resource, parent: Kind,
): local.Command {
    return scriptCommand(name, {
        create: `${scripts}/create.ts`,
        delete: `${scripts}/delete.ts`,
        environment,
        triggers: [environment.INCARNATION],
    }, { parent, dependsOn: volumes });
}

/** Only the control-plane node's ports are published (see config.ts). */
const publishedNode = { labels: { "node-role.kubernetes.io/control-plane": "" }, count: 1 };

function capabilitiesOf(args: KindArgs, incarnation: string): Capabilities {
    const fromKit = args.image.startsWith(`${kitNodeImage}:`);
    return {
        storageClass,
        sharedStorageClass: storageClass,
        sharedDirectory,
        incarnation,
        loadBalancing: {
            type: "NodePort",
            drainSeconds: serviceSeconds,
            seesClients: false,
            ...gatewayPorts,
            host: "127.0.0.1",
            publishedHttps: args.https,
            nodes: publishedNode,
        },
        metrics: "install",
        kubeletInsecureTls: true,
        apiServerPorts: [6443],
        networkPolicy: "enforced",
        images: {
            method: "load",
            script: `${scripts}/load-image.ts`,
            unload: `${scripts}/unload-images.ts`,
            // A new incarnation has no images yet.
            environment: { CLUSTER_NAME: args.name, INCARNATION: incarnation },
        },
        imagesByTag: fromKit,
    };
}
