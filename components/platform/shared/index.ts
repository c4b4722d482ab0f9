import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../../cluster/cluster";
import { inCluster } from "../../cluster/options";
import { Refusal } from "../../refusal";
import { scriptCommand } from "../../script";
import { type Transform, transformedBy } from "../../transform";
import type { Foundation } from "../../workload/environment";
import type { Gateway as RouteGateway } from "../../workload/route";
import { allowServer, grantToGateway, issueCertificates, readAuthority } from "../cert-manager/issuers";
import { Issuance, namespaceName as certificatesNamespace } from "../cert-manager/names";
import { DnsRecord, recordsFor } from "../dns";
import { defaultTraffic, gatewayLimits, GatewayLimits, Traffic } from "../gateway/limits";
import { gatewayName, namespaceName as gatewayNamespace, proxyName } from "../gateway/names";
import { warnOfOpenNetwork } from "../open-network";
import type { FoundPlatform } from "./description";
import { addListeners } from "./listeners";

export interface SharedPlatformArgs {
    /** The cluster, which another stack's platform is in. */
    cluster: Cluster;
    /** That platform, the result of `findPlatform`. */
    found: FoundPlatform;
    /** Namespace of the environment that the hosts belong to. @example "uat" */
    environment: string;
    /** Host names of the environment. No other environment of the cluster has one of them. @example `["uat.example.com"]` */
    hosts: string[];
    /** Who signs their certificates. @default `{ issuer: "ca" }` */
    tls?: Issuance;
    /** Traffic that the environment expects. A warning says if the gateway's limits are lower. @default `defaultTraffic` */
    traffic?: Traffic;
    /** Changes each object's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/** The gateway of a platform, which may be another stack's. */
export interface PlatformGateway extends RouteGateway {
    /** The part of an address after the host name: empty for port 443, otherwise for example `:8443`. */
    readonly portSuffix: string;
    /** Whether it sees each client's own address; otherwise it can't tell clients apart. */
    readonly seesClients: boolean;
}

/**
 * One environment's part of a platform that another stack made: its hosts' certificates, and their listeners in the gateway. It
 * neither creates nor changes any other object of the platform.
 *
 * @example
 * const platform = new SharedPlatform("platform", { cluster, found, environment: "uat", hosts: ["uat.example.com"] });
 */
export class SharedPlatform extends pulumi.ComponentResource implements Foundation {
    readonly gateway: PlatformGateway;
    /** Certificate of the environment's CA, in PEM; undefined if the CA is public. */
    readonly caCertificate?: pulumi.Output<string>;
    /** DNS records that point the hosts at the gateway; undefined if its address is this computer's or the nodes'. */
    readonly dnsRecords?: pulumi.Output<DnsRecord[]>;
    /** Host and port at which the gateway answers HTTPS; without the port if that is 443. */
    readonly endpoint: pulumi.Output<string>;
    /** The platform has created them all. */
    readonly storageClasses: pulumi.Resource[] = [];
    readonly metrics: pulumi.Resource[] = [];
    readonly priorityClasses: pulumi.Resource[] = [];

    constructor(name: string, args: SharedPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:platform:SharedPlatform", name, {}, transformedBy(args.transform, opts));
        const { cluster, found, environment, hosts, tls = { issuer: "ca" }, traffic = defaultTraffic } = args;
        if (!found.issuers.includes(tls.issuer)) throw new Refusal(noIssuer(found, tls.issuer));
        warnOfLimits(found, traffic, this);
        warnOfOpenNetwork(cluster.capabilities, this);
        const options = inCluster(cluster, this);
        const prefix = `${environment}.`;
        const place = { namespace: certificatesNamespace, prefix };
        const gateway = { gatewayName, namespace: gatewayNamespace };

        // Under another name it is another one, so that the Secrets of the old name are removed.
        const cleanup = scriptCommand(`${name}-secrets-${environment}`, {
            delete: "components/platform/shared/remove-secrets.ts",
            environment: { CLUSTER_KUBECONFIG: cluster.kubeconfig, PREFIX: prefix },
            triggers: [found.certificates],
        }, { parent: this, aliases: [{ name: `${name}-secrets` }] });
        const { certManager: present } = cluster.capabilities.present ?? {};
        if (tls.issuer === "acme" && present === undefined) allowServer(place, tls, options);
        const issued = issueCertificates(place, { hosts, tls, gateway, present }, { ...options, dependsOn: cleanup });
        const grant = grantToGateway(name, place, issued.hosts, gateway, options);
        const listeners = addListeners(`${name}-listeners`, { cluster, environment, hosts: issued.hosts, gateway: found.gateway }, {
            parent: this, dependsOn: [...issued.certificates, grant],
        });

        this.gateway = gatewayOf(cluster, prefix, listeners.id);
        this.endpoint = pulumi.output(found.endpoint);
        if (tls.issuer === "ca") this.caCertificate = readAuthority(cluster, place, issued);
        this.dnsRecords = recordsFor(hosts, this.endpoint, cluster.capabilities);
        this.registerOutputs({});
    }

    /** What people need to know about it. */
    get outputs() {
        const { endpoint, caCertificate, dnsRecords } = this;
        return { endpoint, ...(caCertificate && { caCertificate }), ...(dnsRecords && { dnsRecords }) };
    }
}

/** The gateway as routes see it, known once it has the environment's listeners. */
function gatewayOf(cluster: Cluster, policyPrefix: string, listeners: pulumi.Output<string>): PlatformGateway {
    const { loadBalancing } = cluster.capabilities;
    const publishedHttps = loadBalancing.type === "NodePort" ? loadBalancing.publishedHttps : 443;
    return {
        name: proxyName,
        namespace: gatewayNamespace,
        cluster,
        policyPrefix,
        gatewayName: listeners.apply(() => gatewayName),
        publishedHttps,
        portSuffix: publishedHttps === 443 ? "" : `:${publishedHttps}`,
        seesClients: loadBalancing.seesClients,
    };
}

function noIssuer({ stack, issuers }: FoundPlatform, wanted: Issuance["issuer"]): string {
    if (wanted === "ca") {
        return "The cluster's cert-manager runs with the feature gate NameConstraints off, so the environment's own CA would be valid for any "
            + "host.\nSet landfall:environment: { tls: { issuer: acme } } here, or leave that feature gate on, as it is by default, and bring the "
            + `stack ${stack} up. Nothing was changed.`;
    }
    return `The cluster's platform can't get certificates from an ACME server: its stack ${stack} has landfall:environment.tls.issuer `
        + `${issuers.join(", ")}.\nSet landfall:environment: { tls: { issuer: ca } } here, or acme in the stack ${stack}, and bring that up `
        + "first. Nothing was changed.";
}

/** What to compare of the gateway's limits, in words. Each must be at least what is needed. */
const compared: [what: string, of: (limits: GatewayLimits) => number][] = [
    ["requests that a proxy handles at once", ({ requests }) => requests],
    ["proxies at most", ({ replicas }) => replicas.max],
    ["seconds for receiving a request", ({ times }) => times.reception],
    ["seconds between two bytes", ({ times }) => times.idle],
    ["seconds for the requests of a proxy that stops", ({ graceSeconds }) => graceSeconds],
];

/** The limits that are lower than the traffic requires, in words. */
export function lowLimits({ limits }: Pick<FoundPlatform, "limits">, traffic: Traffic): string[] {
    const needed = gatewayLimits(traffic, limits.drainSeconds);
    return compared.filter(([, of]) => of(needed) > of(limits))
        .map(([what, of]) => `${what}: ${of(limits)}, needed: ${of(needed)}`);
}

function warnOfLimits(found: FoundPlatform, traffic: Traffic, parent: pulumi.Resource): void {
    const low = lowLimits(found, traffic);
    if (low.length === 0) return;
    void pulumi.log.warn(`The gateway of the cluster has limits for the traffic of the stack ${found.stack}, which are lower than this `
        + `environment needs at its largest (${low.join("; ")}). Raise what they follow from there: landfall:gateway, if that stack has `
        + "no environment, otherwise its application's settings. Or lower this application's.", parent);
}
