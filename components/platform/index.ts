import * as pulumi from "@pulumi/pulumi";
import { Cluster, type Present } from "../cluster/cluster";
import { inCluster } from "../cluster/options";
import { Transform, transformedBy } from "../transform";
import { Certificates } from "./cert-manager";
import { Issuance } from "./cert-manager/names";
import { createClusterAutoscaler } from "./cluster-autoscaler";
import { createExternalDns, DnsRecord } from "./dns";
import { Gateway, HostCertificate } from "./gateway";
import { Traffic } from "./gateway/limits";
import { createLogs, LogsArgs } from "./logs";
import { loadManifestsAtOnce, Manifests } from "./manifests";
import { createMetalLb } from "./metallb";
import { createMetricsServer } from "./metrics";
import { warnOfOpenNetwork } from "./open-network";
import { createPriorityClasses } from "./priorities";
import { describePlatform } from "./shared/description";
import { createDirectoryClasses, createStorageClasses } from "./storage";

export { loadManifests, Manifests } from "./manifests";
export { Gateway } from "./gateway";
export { Issuance } from "./cert-manager/names";
export { defaultTraffic, Traffic } from "./gateway/limits";
export { DnsRecord } from "./dns";
export { LogsArgs } from "./logs";
export { PlatformGateway, SharedPlatform, SharedPlatformArgs } from "./shared";
export { findPlatform, FoundPlatform } from "./shared/description";
export { Transform, Transformed } from "../transform";

export interface PlatformArgs {
    /** The cluster that it is for. Each cluster has one platform. */
    cluster: Cluster;
    /**
     * Custom resource definitions (CRDs), the result of `loadManifests`.
     * @default the pinned ones, from the cache, or downloaded from their projects
     */
    manifests?: Manifests;
    /**
     * All host names that the gateway answers for, those of redirects too; each gets a certificate of its own. The first
     * should be the one that people know. Empty if only the environments of other stacks have hosts.
     * @example `["www.example.com", "example.com"]`
     */
    hosts: string[];
    /** Namespace of the environment that the hosts belong to. Only routes in it get their requests. @default any environment's */
    environment?: string;
    /**
     * Who signs the certificates. With `acme`, environments of other stacks may choose it too.
     * @default `{ issuer: "ca" }`; without hosts, whatever other stacks choose
     */
    tls?: Issuance;
    /**
     * Traffic that the gateway must handle.
     * @default `defaultTraffic`
     */
    traffic?: Traffic;
    /**
     * Connections that one client address may have to each of the gateway's proxies, by HTTP and as many by HTTPS. Further ones
     * are closed at once.
     * @default an eighth of what a proxy can hold; all of it where the gateway doesn't see the clients' addresses
     */
    clientConnections?: number;
    /**
     * Keeps the logs of all pods for a time.
     * @default what the nodes keep: some files of each container, until its pod is deleted
     */
    logs?: LogsArgs;
    /** Changes each object's arguments last, including the gateway's and cert-manager's, for anything that isn't modelled here. */
    transform?: Transform;
}

/**
 * What every cluster needs before an application. One platform serves all environments of the cluster. Installs only what
 * this cluster lacks, according to its capabilities.
 *
 * @example const platform = new Platform("platform", { cluster, hosts: ["www.example.com"] });
 * @throws pulumi.RunError if the CRDs can be neither found nor downloaded.
 */
export class Platform extends pulumi.ComponentResource {
    readonly gateway: Gateway;
    /** Certificate of the CA that signs the hosts' certificates, in PEM; undefined if the CA is public. */
    readonly caCertificate?: pulumi.Output<string>;
    /** StorageClasses that it creates. An environment creates its claims after them. */
    readonly storageClasses: pulumi.Resource[];
    /** The source of the pods' metrics, unless the target includes one. An environment creates its autoscalers after it. */
    readonly metrics: pulumi.Resource[];
    /** PriorityClasses that it creates. An environment creates its pods after them. */
    readonly priorityClasses: pulumi.Resource[];
    /** DNS records that point the hosts at the gateway; undefined if its address is this computer's or the nodes'. */
    readonly dnsRecords?: pulumi.Output<DnsRecord[]>;

    constructor(name: string, args: PlatformArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:platform:Platform", name, {}, transformedBy(args.transform, opts));
        const { cluster } = args;
        const { capabilities } = cluster;
        const balancer = capabilities.loadBalancing.type === "LoadBalancer" ? capabilities.loadBalancing : undefined;
        const addresses = balancer?.addressPool;
        const manifests = args.manifests ?? loadManifestsAtOnce({ metallb: addresses !== undefined });
        const options = inCluster(cluster, this);
        warnOfOpenNetwork(capabilities, this);

        this.priorityClasses = createPriorityClasses(capabilities, options);
        this.metrics = capabilities.metrics === "install" ? [createMetricsServer(capabilities, options)] : [];
        if (capabilities.clusterAutoscaler !== undefined) {
            createClusterAutoscaler(capabilities.clusterAutoscaler, capabilities, options);
        }
        this.storageClasses = [
            ...createStorageClasses(capabilities.storageClasses ?? [], options),
            ...createDirectoryClasses(capabilities, options),
        ];
        if (args.logs !== undefined) createLogs(cluster, this, args.logs, this);
        if (balancer !== undefined && addresses !== undefined) {
            const { loadBalancerClass } = balancer;
            createMetalLb({ addresses, definitions: manifests.metallb, loadBalancerClass, capabilities }, options);
        }
        const hosts = [...new Set(args.hosts)];
        const tls = args.tls ?? { issuer: hosts.length === 0 ? "acme" : "ca" };
        // The listeners come after their certificates: an existing host moves to another listener without an interval.
        const [listeners, setListeners] = pulumi.deferredOutput<HostCertificate[]>();
        this.gateway = new Gateway(`${name}-gateway`, {
            cluster, manifests, certificates: listeners, environment: args.environment, traffic: args.traffic, clientConnections: args.clientConnections,
            metrics: this.metrics, after: this.priorityClasses,
        }, { parent: this });
        if (capabilities.externalDns !== undefined) {
            // It watches routes, whose CRDs the gateway installs.
            createExternalDns(capabilities.externalDns, capabilities, { ...options, dependsOn: this.gateway });
        }
        const certificates = new Certificates(`${name}-certificates`, {
            cluster,
            definitions: manifests.certManager,
            gateway: this.gateway,
            hosts,
            tls,
            after: this.priorityClasses,
        }, { parent: this });
        setListeners(certificates.hosts);
        this.caCertificate = certificates.caCertificate;
        this.dnsRecords = this.gateway.recordsFor(hosts);
        const { namespace, endpoint, limits } = this.gateway;
        const issuers = issuersFor(tls, capabilities.present?.certManager);
        // Once it is there, the platform is complete.
        describePlatform(capabilities, { namespace, endpoint, limits, issuers }, { ...options, dependsOn: [this.gateway, certificates] });
        this.registerOutputs({});
    }

    /** What people need to know about it. */
    get outputs() {
        const { gateway: { endpoint }, caCertificate, dnsRecords } = this;
        return { endpoint, ...(caCertificate && { caCertificate }), ...(dnsRecords && { dnsRecords }) };
    }
}

/** The issuers that environments of other stacks may choose. Someone else's cert-manager may run without what one of them needs. */
function issuersFor({ issuer }: Issuance, present: Present["certManager"]): Issuance["issuer"][] {
    const prepared: Issuance["issuer"][] = issuer === "acme" ? ["ca", "acme"] : ["ca"];
    return prepared.filter(each => present?.issuers.includes(each) ?? true);
}
