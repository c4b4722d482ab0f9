import * as pulumi from "@pulumi/pulumi";
import type { Transform } from "../transform";
import type { AksArgs } from "./aks";
import type { BareMetalArgs } from "./baremetal";
import type { Capabilities, Cluster, Present } from "./cluster";
import type { Comparisons } from "./compare";
import type { EksArgs } from "./eks";
import type { ExistingArgs } from "./existing";
import type { GkeArgs } from "./gke";
import type { KindArgs } from "./kind";
import type { MinikubeArgs } from "./minikube";
import type { Needs } from "./present";

export * from "./cluster";
export { type Comparisons, type Stands, strandedVolumes, type VolumeProperty } from "./compare";

/** A target and its settings. */
export type ClusterArgs =
    | ({ target: "kind" } & KindArgs)
    | ({ target: "minikube" } & MinikubeArgs)
    | ({ target: "existing" } & ExistingArgs)
    | ({ target: "eks" } & EksArgs)
    | ({ target: "gke" } & GkeArgs)
    | ({ target: "aks" } & AksArgs)
    | ({ target: "baremetal" } & BareMetalArgs);

/** What a target gets in addition to its settings. */
export interface ClusterContext {
    /** Name of the component, for programs with several clusters. @default "cluster" */
    name?: string;
    /**
     * Whether destroying the cluster deletes the data of volumes, on targets that can choose.
     * @default "retain"
     */
    volumes?: "delete" | "retain";
    /** What others installed in it: the result of `findPresent`. @default nothing, and whatever is in the way stops the program */
    present?: Present;
    /** Refuses changes that can't be made in place. @default nothing is compared */
    comparisons?: Comparisons;
    /**
     * What is known of an existing cluster, such as from its platform. The settings come before it.
     * @default what is usual, and the settings
     */
    known?: Partial<Capabilities>;
    /**
     * Seconds that the slowest pod may take to stop. A cloud that limits how long a node's drain may take allows for it.
     * @default what an upload of 64 MiB needs
     */
    graceSeconds?: number;
    /** Changes the arguments of each resource last, for anything that the settings don't cover. */
    transform?: Transform;
}

type Target = ClusterArgs["target"];
type Maker<Args> = (name: string, args: Args, opts?: pulumi.ComponentResourceOptions) => Cluster;

/**
 * A target is only loaded when it is chosen, so nobody needs another target's packages. To add one: its component in a folder
 * here, an entry in `ClusterArgs` and below, its settings in infra/config/targets, and an example Pulumi.<target>.yaml. These
 * lists aren't checked by the compiler: `clouds` and `laptops` in infra/config/sections/environment.ts, `compared` in
 * infra/cli/reference/differences.ts and, for a cloud, the prices in infra/cli/cost/clouds.ts.
 */
const targets: { [T in Target]: Maker<Extract<ClusterArgs, { target: T }>> } = {
    kind: (...args) => new (require("./kind") as typeof import("./kind")).Kind(...args),
    minikube: (...args) => new (require("./minikube") as typeof import("./minikube")).Minikube(...args),
    existing: (...args) => new (require("./existing") as typeof import("./existing")).Existing(...args),
    eks: (...args) => new (require("./eks") as typeof import("./eks")).Eks(...args),
    gke: (...args) => new (require("./gke") as typeof import("./gke")).Gke(...args),
    aks: (...args) => new (require("./aks") as typeof import("./aks")).Aks(...args),
    baremetal: (...args) => new (require("./baremetal") as typeof import("./baremetal")).BareMetal(...args),
};

/**
 * Looks, before anything is registered, for what others installed in a cluster that exists already: cert-manager, the Gateway API
 * and metrics-server. Undefined for a cluster that the stack creates.
 * @param needs what depends on it: who signs certificates
 * @throws Refusal if something is there that can neither be used nor replaced
 */
export async function findPresent(args: ClusterArgs, needs: Pick<Needs, "issuer"> = {}): Promise<Present | undefined> {
    if (args.target !== "existing") return undefined;
    const { findPresent } = require("./present") as typeof import("./present");
    return findPresent(args, { ...needs, metrics: args.metrics });
}

/** Creates the cluster that the settings describe, or uses the existing one. */
export function createCluster(
    args: ClusterArgs, { name = "cluster", ...context }: ClusterContext = {}, opts?: pulumi.ComponentResourceOptions,
): Cluster {
    const make = targets[args.target] as Maker<ClusterArgs>;
    return make(name, { ...context, ...args }, opts);
}
