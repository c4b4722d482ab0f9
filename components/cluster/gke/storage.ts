import * as pulumi from "@pulumi/pulumi";
import type { StorageClass } from "../cluster";
import type { Scope } from "./args";
import type { Key } from "./keys";
import { cutNetwork } from "./network";

/**
 * The StorageClasses: disks for one pod, Filestore for many. Filestore's smallest file system, 100 GiB, is more than some
 * need. The alternatives are worse: Cloud Storage FUSE is cheaper, but has no locks and no atomic renames, which WordPress
 * needs; our own NFS server on a disk would be a single point of failure.
 */
export function storageClassesOf({ args, defaults }: Scope, networkName: pulumi.Output<string>, key: Key): StorageClass[] {
    const { regionalDisks, sharedTier } = defaults;
    return [
        {
            name: "landfall",
            provisioner: "pd.csi.storage.gke.io",
            parameters: {
                "type": "pd-balanced",
                "disk-encryption-kms-key": key.id,
                ...(regionalDisks && { "replication-type": "regional-pd" }),
            },
            isDefault: true,
        },
        {
            name: "landfall-shared",
            provisioner: "filestore.csi.storage.gke.io",
            parameters: {
                "tier": sharedTier,
                "network": networkName,
                "connect-mode": "DIRECT_PEERING",
                "reserved-ipv4-cidr": cutNetwork(args.network).files,
                // The tier in one zone only supports Google's own keys.
                ...(sharedTier === "regional" && { "instance-encryption-kms-key": key.id }),
            },
        },
    ];
}
