import * as pulumi from "@pulumi/pulumi";
import { Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { createClusterAutoscaler } from "./cluster-autoscaler";
import { createExternalDns } from "./external-dns";
import { Gateway } from "./gateway";
import { Manifests } from "./manifests";
import { createMetricsServer } from "./metrics";
import { createDirectoryClasses } from "./storage";
import { createStorageClasses } from "./storage-classes";

export { loadManifests, Manifests } from "./manifests";
export { Gateway } from "./gateway";

export interface PlatformArgs {
    cluster: Cluster;
    /** What `loadManifests` returns. */
    manifests: Manifests;
}

/** What every cluster needs before an application; of that, what this cluster's capabilities say is missing. */
export class Platform extends pulumi.ComponentResource {
    readonly gateway: Gateway;

    constructor(name: string, args: PlatformArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:platform:Platform", name, {}, opts);
        const { capabilities } = args.cluster;
        const options = inCluster(args.cluster, this);

        if (capabilities.metrics === "install") {
            createMetricsServer(capabilities, options);
        }
        if (capabilities.clusterAutoscaler !== undefined) {
            createClusterAutoscaler(capabilities.clusterAutoscaler, capabilities, options);
        }
        createStorageClasses(capabilities.storageClasses ?? [], options);
        createDirectoryClasses(capabilities, options);
        this.gateway = new Gateway(`${name}-gateway`, args, { parent: this });
        if (capabilities.externalDns !== undefined) {
            // It watches routes, whose definitions are the gateway's.
            createExternalDns(capabilities.externalDns, capabilities, { ...options, dependsOn: this.gateway });
        }
        this.registerOutputs({});
    }
}
