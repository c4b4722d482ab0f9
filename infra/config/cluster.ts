import * as z from "zod";
import type { ManifestsWanted } from "../../components/platform/manifests";
import { Context } from "./context";
import { aks } from "./targets/aks";
import { eks } from "./targets/eks";
import { baremetal } from "./targets/baremetal";
import { existing } from "./targets/existing";
import { gke } from "./targets/gke";
import { kind } from "./targets/kind";
import { minikube } from "./targets/minikube";

/** `landfall:cluster`: where the cluster comes from. A new target is a file in targets/ and an entry here. */
export function clusterSchema(context: Context) {
    return z.discriminatedUnion("target", [
        kind(context), minikube(context), existing(), baremetal(context), eks(context), gke(context), aks(context),
    ]);
}

export type ClusterSettings = z.output<ReturnType<typeof clusterSchema>>;
export type Target = ClusterSettings["target"];
export type KindSettings = Extract<ClusterSettings, { target: "kind" }>;
export type MinikubeSettings = Extract<ClusterSettings, { target: "minikube" }>;
export type ExistingSettings = Extract<ClusterSettings, { target: "existing" }>;
export type BareMetalSettings = Extract<ClusterSettings, { target: "baremetal" }>;

/** Which manifests the platform on this cluster needs, besides the usual. */
export function manifestsFor({ cluster }: { cluster: ClusterSettings }): ManifestsWanted {
    return { metallb: "addressPool" in cluster && cluster.addressPool !== undefined };
}
