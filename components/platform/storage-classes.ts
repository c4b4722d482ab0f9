import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { StorageClass } from "../cluster/cluster";

/** Creates the StorageClasses whose drivers the cluster includes. The claim decides whether a volume's data is kept. */
export function createStorageClasses(classes: StorageClass[], options: pulumi.CustomResourceOptions): void {
    for (const { name, provisioner, parameters, mountOptions, isDefault, volumeBindingMode } of classes) {
        new kubernetes.storage.v1.StorageClass(name, {
            metadata: {
                name,
                annotations: { "storageclass.kubernetes.io/is-default-class": String(isDefault ?? false) },
            },
            provisioner,
            parameters,
            mountOptions,
            reclaimPolicy: "Delete",
            allowVolumeExpansion: true,
            volumeBindingMode: volumeBindingMode ?? "WaitForFirstConsumer",
        }, options);
    }
}
