import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Capabilities } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { Environment } from "./environment";
import { groupLabel, objectLabels } from "./labels";

/** A persistent volume of a workload. */
export interface VolumeArgs {
    /** Size, for example `5Gi`; may grow later where the class allows it, never shrink. */
    size: pulumi.Input<string>;
    /** `ReadWriteOnce` for one pod, `ReadWriteMany` for pods on many nodes. */
    accessMode: "ReadWriteOnce" | "ReadWriteMany";
    /** StorageClass; default: the cluster's for that access mode. */
    storageClass?: string;
    /** Group (`fsGroup`) of the pods that write it. */
    group: number;
}

/**
 * Claims a volume, which outlives the stack where the environment retains its volumes.
 * A claim of its own rather than a StatefulSet's template, so that it can grow and no replacement deletes it.
 * @throws where the cluster has no class for volumes that many nodes write.
 */
export function createVolume(
    name: string, owner: string, environment: Environment, args: VolumeArgs, parent: pulumi.Resource,
): kubernetes.core.v1.PersistentVolumeClaim {
    return new kubernetes.core.v1.PersistentVolumeClaim(name, {
        metadata: {
            name,
            namespace: environment.namespace,
            labels: { ...objectLabels(owner), [groupLabel]: String(args.group) },
        },
        spec: {
            accessModes: [args.accessMode],
            resources: { requests: { storage: args.size } },
            storageClassName: storageClassOf(name, environment, args),
        },
    }, inCluster(environment.cluster, parent, {
        retainOnDelete: environment.volumes === "retain", dependsOn: environment.platform.storageClasses,
    }));
}

function storageClassOf(name: string, environment: Environment, args: VolumeArgs): string | undefined {
    const { capabilities } = environment.cluster;
    const storageClass = classOf(capabilities, args);
    if (storageClass === undefined && args.accessMode === "ReadWriteMany") {
        throw new pulumi.RunError(
            `The volume "${name}" is to be written by pods on many nodes (ReadWriteMany), and this cluster has no `
            + "storage class for that.\nName one in landfall:cluster.sharedStorageClass, for example `nfs-client`; "
            + "or run one replica: landfall:app.web.replicas { min: 1, max: 1 } with "
            + "landfall:app.web.uploads.accessMode ReadWriteOnce.",
        );
    }
    return storageClass;
}

/** The class of a volume; undefined where it is the cluster's default one, or where there is none for the access mode. */
export function classOf(
    { storageClass, sharedStorageClass }: Pick<Capabilities, "storageClass" | "sharedStorageClass">,
    args: Pick<VolumeArgs, "accessMode" | "storageClass">,
): string | undefined {
    return args.storageClass ?? (args.accessMode === "ReadWriteOnce" ? storageClass : sharedStorageClass);
}
