import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { StorageClass } from "../cluster/cluster";

/** Makes the classes whose drivers the cluster brings. What becomes of a volume's data is its claim's affair. */
export function createStorageClasses(classes: StorageClass[], options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    return classes.map(({ name, provisioner, parameters, mountOptions, isDefault, volumeBindingMode }) =>
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
        }, options));
}
