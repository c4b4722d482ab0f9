import * as pulumi from "@pulumi/pulumi";
import { Capabilities, Cluster } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { Certificates } from "./cert-manager";
import { Issuance } from "./cert-manager/issuance";
import { createClusterAutoscaler } from "./cluster-autoscaler";
import { DnsRecord } from "./dns-records";
import { createExternalDns } from "./external-dns";
import { Gateway } from "./gateway";
import { Manifests } from "./manifests";
import { createMetalLb } from "./metallb";
import { createMetricsServer } from "./metrics";
import { createDirectoryClasses } from "./storage";
import { createStorageClasses } from "./storage-classes";
import { Traffic } from "./traffic";

export { loadManifests, Manifests } from "./manifests";
export { Gateway } from "./gateway";
export { Issuance } from "./cert-manager/issuance";
export { defaultTraffic, gatewayLimits, GatewayLimits, Traffic } from "./traffic";

export interface PlatformArgs {
    cluster: Cluster;
    /** The result of `loadManifests`. */
    manifests: Manifests;
    /** Host names that the gateway has a certificate for. @example `["www.example.com"]` */
    hosts: string[];
    /**
     * Who signs that certificate.
     * @default `{ issuer: "ca" }`
     */
    tls?: Issuance;
    /**
     * Traffic that the gateway must handle.
     * @default `defaultTraffic`
     */
    traffic?: Traffic;
}

/** What every cluster needs before an application. Installs only what this cluster lacks, according to its capabilities. */
export class Platform extends pulumi.ComponentResource {
    readonly gateway: Gateway;
    /** Certificate of the CA that signs the hosts' certificate, in PEM; undefined if the CA is public. */
    readonly caCertificate?: pulumi.Output<string>;
    /** DNS records that point the hosts at the gateway; undefined if its address is this computer's or the nodes'. */
    readonly dnsRecords?: pulumi.Output<DnsRecord[]>;

    constructor(name: string, args: PlatformArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:platform:Platform", name, {}, opts);
        const { capabilities } = args.cluster;
        const options = inCluster(args.cluster, this);
        warnOfOpenNetwork(capabilities, this);

        if (capabilities.metrics === "install") {
            createMetricsServer(capabilities, options);
        }
        if (capabilities.clusterAutoscaler !== undefined) {
            createClusterAutoscaler(capabilities.clusterAutoscaler, capabilities, options);
        }
        createStorageClasses(capabilities.storageClasses ?? [], options);
        createDirectoryClasses(capabilities, options);
        if (capabilities.loadBalancing.type === "LoadBalancer" && capabilities.loadBalancing.addressPool) {
            const { addressPool: addresses } = capabilities.loadBalancing;
            createMetalLb({ addresses, definitions: args.manifests.metallb, capabilities }, options);
        }
        this.gateway = new Gateway(`${name}-gateway`, args, { parent: this });
        if (capabilities.externalDns !== undefined) {
            // It watches routes, whose CRDs the gateway installs.
            createExternalDns(capabilities.externalDns, capabilities, { ...options, dependsOn: this.gateway });
        }
        const certificates = new Certificates(`${name}-certificates`, {
            cluster: args.cluster,
            definitions: args.manifests.certManager,
            gateway: this.gateway,
            hosts: args.hosts,
            tls: args.tls ?? { issuer: "ca" },
        }, { parent: this });
        this.caCertificate = certificates.caCertificate;
        this.dnsRecords = this.gateway.recordsFor(args.hosts);
        this.registerOutputs({});
    }

    /** What people need to know about it. */
    get outputs() {
        const { gateway: { endpoint }, caCertificate, dnsRecords } = this;
        return { endpoint, ...(caCertificate && { caCertificate }), ...(dnsRecords && { dnsRecords }) };
    }
}

/** The policies are created in any case: a network that is installed later may enforce them. */
function warnOfOpenNetwork({ networkPolicy }: Capabilities, parent: pulumi.Resource): void {
    if (networkPolicy === "enforced") return;
    const so = networkPolicy === "unenforced" ? "The cluster's network doesn't enforce network policies"
        : "Whether the cluster's network enforces network policies isn't known";
    void pulumi.log.warn(`${so}. Without that any pod reaches any other, the database too, and everything outside.`, parent);
}
