import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Capabilities } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import type { Environment } from "./environment";
import { groupLabel, objectLabels } from "./labels";
import { possibleSize } from "./volume-changes";

/** A persistent volume of a workload. */
export interface VolumeArgs {
    /** Size, for example `5Gi`. It can grow later if the class allows it, but never shrink. */
    size: pulumi.Input<string>;
    /** `ReadWriteOnce` for one pod, `ReadWriteMany` for pods on many nodes. */
    accessMode: "ReadWriteOnce" | "ReadWriteMany";
    /** StorageClass. @default the cluster's class for that access mode */
    storageClass?: string;
    /** Group (`fsGroup`) of the pods that write to it. */
    group: number;
}

/** Where a volume is: an environment, or a namespace of the platform. */
export type VolumePlace = Pick<Environment, "cluster" | "namespace" | "namespaceName" | "volumes">
    & { platform: Pick<Environment["platform"], "storageClasses"> };

/**
 * Creates a claim for a volume. The volume outlives the stack if its place retains its volumes.
 * It isn't a StatefulSet's claim template, so that it can grow and no replacement deletes it.
 * @throws if the cluster has no class for volumes that many nodes write to
 */
export function createVolume(
    name: string, owner: string, place: VolumePlace, args: VolumeArgs, parent: pulumi.Resource,
): kubernetes.core.v1.PersistentVolumeClaim {
    const storageClass = storageClassOf(name, place, args);
    return new kubernetes.core.v1.PersistentVolumeClaim(name, {
        metadata: {
            name,
            namespace: place.namespace,
            labels: { ...objectLabels(owner), [groupLabel]: String(args.group) },
        },
        spec: {
            accessModes: [args.accessMode],
            resources: { requests: { storage: possibleSize(place, { ...args, name, owner, storageClass }) } },
            storageClassName: storageClass,
        },
    }, inCluster(place.cluster, parent, {
        retainOnDelete: place.volumes === "retain", dependsOn: place.platform.storageClasses,
    }));
}

/** Directory → persistent volume of a service's pods. */
export type ServiceVolumes =
    Record<string, Omit<VolumeArgs, "group" | "accessMode"> & Partial<Pick<VolumeArgs, "accessMode">> & { name: string }>;

/** Creates the claims of a service's volumes: directory → claim. Without an access mode, a volume is for one pod. */
export function createVolumes(
    service: pulumi.Resource & { name: string }, environment: Environment, volumes: ServiceVolumes, group: number,
): Record<string, pulumi.Output<string>> {
    const create = ({ name, accessMode = "ReadWriteOnce", ...volume }: ServiceVolumes[string]): pulumi.Output<string> =>
        createVolume(`${service.name}-${name}`, service.name, environment, { ...volume, accessMode, group }, service).metadata.name;
    return Object.fromEntries(Object.entries(volumes).map(([directory, volume]) => [directory, create(volume)]));
}

function storageClassOf(name: string, place: VolumePlace, args: VolumeArgs): string | undefined {
    const { capabilities } = place.cluster;
    const storageClass = classOf(capabilities, args);
    if (storageClass === undefined && args.accessMode === "ReadWriteMany") {
        throw new pulumi.RunError(
            `Pods on many nodes write to the volume "${name}" (ReadWriteMany), and this cluster has no StorageClass for that.\n`
            + "Give the volume a `storageClass`, or the cluster a `sharedStorageClass`, for example `nfs-client`; or run one "
            + "replica, with the access mode ReadWriteOnce.",
        );
    }
    return storageClass;
}

/** The class of a volume; undefined if it is the cluster's default, or if there is none for the access mode. */
export function classOf(
    { storageClass, sharedStorageClass }: Pick<Capabilities, "storageClass" | "sharedStorageClass">,
    args: Pick<VolumeArgs, "accessMode" | "storageClass">,
): string | undefined {
    return args.storageClass ?? (args.accessMode === "ReadWriteOnce" ? storageClass : sharedStorageClass);
}
