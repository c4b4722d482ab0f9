import * as pulumi from "@pulumi/pulumi";
import type { StorageClass } from "../cluster";
import type { GkeArgs } from "./args";
import type { Key } from "./keys";
import { cutNetwork } from "./ranges";
import { sizes } from "./sizes";

/**
 * Disks for volumes that one pod writes, Filestore for those that many do. Alternatives to Filestore, whose smallest
 * file system of 100 GiB is more than some need: Cloud Storage by FUSE is cheaper, but no file system that WordPress
 * can trust (no locks, no atomic renames); an NFS server on a disk of our own would be one more thing that fails alone.
 */
export function storageClasses(args: GkeArgs, networkName: pulumi.Output<string>, key: Key): StorageClass[] {
    const { regionalDisks, sharedTier } = sizes[args.size];
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
                // The tier in one zone knows only Google's own keys.
                ...(sharedTier === "regional" && { "instance-encryption-kms-key": key.id }),
            },
        },
    ];
}
