import * as pulumi from "@pulumi/pulumi";
import { Capabilities, Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { Transform, transformedBy } from "../transform";
import { Certificates } from "./cert-manager";
import { Issuance } from "./cert-manager/issuance";
import { createClusterAutoscaler } from "./cluster-autoscaler";
import { DnsRecord } from "./dns-records";
import { createExternalDns } from "./external-dns";
import { Gateway } from "./gateway";
import { loadManifestsAtOnce, Manifests } from "./manifests";
import { createMetalLb } from "./metallb";
import { createMetricsServer } from "./metrics";
import { createDirectoryClasses } from "./storage";
import { createStorageClasses } from "./storage-classes";
import { Traffic } from "./traffic";

export { loadManifests, Manifests } from "./manifests";
export { Gateway } from "./gateway";
export { Issuance } from "./cert-manager/issuance";
export { defaultTraffic, Traffic } from "./traffic";
export { DnsRecord } from "./dns-records";
export { Transform, Transformed } from "../transform";

export interface PlatformArgs {
    /** The cluster it is for: one platform each. */
    cluster: Cluster;
    /**
     * Custom resource definitions, as `loadManifests` returns them.
     * @default those that are pinned, from the cache, else from where their projects publish them
     */
    manifests?: Manifests;
    /** Host names that the gateway has a certificate for. @example `["www.example.com"]` */
    hosts: string[];
    /**
     * Who signs that certificate.
     * @default `{ issuer: "ca" }`
     */
    tls?: Issuance;
    /**
     * What the gateway must carry.
     * @default `defaultTraffic`
     */
    traffic?: Traffic;
    /** Last word on each object's arguments, the gateway's and cert-manager's too, for what is not modelled here. */
    transform?: Transform;
}

/**
 * What every cluster needs before an application, however many environments it carries; of that, what this cluster's
 * capabilities say is missing.
 *
 * @example const platform = new Platform("platform", { cluster, hosts: ["www.example.com"] });
 * @throws pulumi.RunError where the custom resource definitions can neither be found nor fetched.
 */
export class Platform extends pulumi.ComponentResource {
    readonly gateway: Gateway;
    /** Certificate of the authority by which clients know the hosts, PEM; undefined where it is publicly known. */
    readonly caCertificate?: pulumi.Output<string>;
    /** The records that lead the hosts here; undefined where the gateway's address is this computer's or the nodes'. */
    readonly dnsRecords?: pulumi.Output<DnsRecord[]>;

    constructor(name: string, args: PlatformArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:platform:Platform", name, {}, transformedBy(args.transform, opts));
        const { cluster } = args;
        const { capabilities } = cluster;
        const addresses = capabilities.loadBalancing.type === "LoadBalancer" ? capabilities.loadBalancing.addressPool : undefined;
        const manifests = args.manifests ?? loadManifestsAtOnce({ metallb: addresses !== undefined });
        const options = inCluster(cluster, this);
        warnOfOpenNetwork(capabilities, this);

        if (capabilities.metrics === "install") {
            createMetricsServer(capabilities, options);
        }
        if (capabilities.clusterAutoscaler !== undefined) {
            createClusterAutoscaler(capabilities.clusterAutoscaler, capabilities, options);
        }
        createStorageClasses(capabilities.storageClasses ?? [], options);
        createDirectoryClasses(capabilities, options);
        if (addresses !== undefined) {
            createMetalLb({ addresses, definitions: manifests.metallb, capabilities }, options);
        }
        this.gateway = new Gateway(`${name}-gateway`, { cluster, manifests, traffic: args.traffic }, { parent: this });
        if (capabilities.externalDns !== undefined) {
            // It watches routes, whose definitions are the gateway's.
            createExternalDns(capabilities.externalDns, capabilities, { ...options, dependsOn: this.gateway });
        }
        const certificates = new Certificates(`${name}-certificates`, {
            cluster,
            definitions: manifests.certManager,
            gateway: this.gateway,
            hosts: args.hosts,
            tls: args.tls ?? { issuer: "ca" },
        }, { parent: this });
        this.caCertificate = certificates.caCertificate;
        this.dnsRecords = this.gateway.recordsFor(args.hosts);
        this.registerOutputs({});
    }

    /** What people need to know of it. */
    get outputs() {
        const { gateway: { endpoint }, caCertificate, dnsRecords } = this;
        return { endpoint, ...(caCertificate && { caCertificate }), ...(dnsRecords && { dnsRecords }) };
    }
}

/** The policies are made in any case: a network that is put in later may enforce them. */
function warnOfOpenNetwork({ networkPolicy }: Capabilities, parent: pulumi.Resource): void {
    if (networkPolicy === "enforced") return;
    const so = networkPolicy === "unenforced" ? "The cluster's network doesn't enforce network policies"
        : "Whether the cluster's network enforces network policies isn't known";
    void pulumi.log.warn(`${so}. Without that any pod reaches any other, the database too, and everything outside.`, parent);
}
