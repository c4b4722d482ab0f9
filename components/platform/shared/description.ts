import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Capabilities, ImageDelivery, LoadBalancing } from "../../cluster/cluster";
import { connect, type Connection, type Json, read } from "../../cluster/kubernetes-api";
import { stackName } from "../../cluster/ownership/marks";
import { Refusal } from "../../refusal";
import { version } from "../../release";
import type { Issuance } from "../cert-manager/names";
import type { GatewayLimits } from "../gateway/limits";
import { gatewayName } from "../gateway/names";
import { namespaces, platformConfigMap } from "../namespaces";

/** Changes with what the description's fields mean. A stack only uses a platform whose format it knows. */
const format = 1;
/** What the keys of capabilities begin with. */
const ofCluster = "cluster.";

/** What an environment needs to know about the cluster. */
type SharedCapabilities = Pick<Capabilities,
    "storageClass" | "sharedStorageClass" | "loadBalancing" | "apiServerPorts" | "dnsAddresses" | "interruptible"
    | "networkPolicy" | "imagesByTag" | "present"
> & { images?: ImageDelivery };

/** What other stacks need to know about a platform. It contains no secrets. */
interface PlatformDescription {
    format: number;
    /** Version of Landfall that last applied it. */
    version: string;
    /** The stack that it belongs to. @example "landfall/dev" */
    stack: string;
    /** The issuers that cert-manager can run. */
    issuers: Issuance["issuer"][];
    /** Host and port at which the gateway answers HTTPS; without the port if that is 443. */
    endpoint: string;
    limits: GatewayLimits;
    capabilities: SharedCapabilities;
}

/** A platform in a cluster. */
export interface FoundPlatform extends PlatformDescription {
    /** UID of its Gateway object: a new one has none of the listeners of the old one. */
    gateway: string;
    /** UID of the namespace with the certificates: a new one has none of the Secrets of the old one. */
    certificates: string;
}

/** Writes the description into the cluster, where it is found with nothing but a kubeconfig. */
export function describePlatform(
    capabilities: Capabilities,
    { namespace, ...facts }: Pick<PlatformDescription, "issuers" | "limits"> & {
        namespace: pulumi.Output<string>; endpoint: pulumi.Output<string>;
    },
    options: pulumi.CustomResourceOptions,
): void {
    const below = Object.entries(sharedOf(capabilities)).map(([key, value]) => [`${ofCluster}${key}`, value] as const);
    const fields = Object.entries({ format, version, stack: stackName(), ...facts, ...Object.fromEntries(below) });
    new kubernetes.core.v1.ConfigMap(platformConfigMap, {
        metadata: { name: platformConfigMap, namespace },
        data: Object.fromEntries(fields.filter(([, value]) => value !== undefined)
            .map(([key, value]) => [key, pulumi.output(value).apply(known => JSON.stringify(known))])),
    }, options);
}

/** The reverse; undefined if the ConfigMap is someone else's. */
function readDescription(data: Record<string, string>): PlatformDescription | undefined {
    try {
        const fields = Object.entries(data).map(([key, text]) => [key, JSON.parse(text)] as const);
        const [below, above] = [true, false].map(wanted => fields.filter(([key]) => key.startsWith(ofCluster) === wanted));
        const capabilities = Object.fromEntries(below.map(([key, value]) => [key.slice(ofCluster.length), value]));
        return { ...Object.fromEntries(above), capabilities } as PlatformDescription;
    } catch {
        return undefined;
    }
}

function sharedOf(capabilities: Capabilities): object {
    const { storageClass, sharedStorageClass, apiServerPorts, dnsAddresses, interruptible, networkPolicy, imagesByTag, present } = capabilities;
    return {
        storageClass, sharedStorageClass, apiServerPorts, dnsAddresses, interruptible, networkPolicy, imagesByTag, present,
        loadBalancing: entranceOf(capabilities.loadBalancing), images: deliveryOf(capabilities),
    };
}

/** How clients reach the gateway. What only its own Service needs is left out. */
function entranceOf(given: LoadBalancing): LoadBalancing {
    const { drainSeconds, seesClients } = given;
    if (given.type === "LoadBalancer") return { type: given.type, drainSeconds, seesClients };
    const { type, http, https, host, publishedHttps } = given;
    return { type, drainSeconds, seesClients, http, https, host, publishedHttps };
}

/** Logins stay with the stack that has them: another pushes with its own, and loads by SSH with a key file or an agent. */
function deliveryOf(capabilities: Capabilities): object | undefined {
    const images = deliveryIfAny(capabilities);
    if (images === undefined) return undefined;
    const { platform, method } = images;
    if (images.method === "push") return { method, platform, registry: images.registry, disposable: images.disposable, naming: images.naming };
    const plain = Object.entries(images.environment).filter(([, value]) => typeof value === "string");
    return { method, platform, script: images.script, unload: images.unload, environment: Object.fromEntries(plain) };
}

/** An existing cluster without a registry has no way to get images, which only matters to those who build some. */
function deliveryIfAny(capabilities: Capabilities): ImageDelivery | undefined {
    try {
        return capabilities.images;
    } catch {
        return undefined;
    }
}

/**
 * Finds the cluster's platform.
 * @throws Refusal if there is none, or none that this version can use
 */
export async function findPlatform(kubeconfig: string): Promise<FoundPlatform> {
    const connection = await connect(kubeconfig);
    const server = connection.server.origin;
    const [stored, ...places] = await readAll(connection).catch((error: Error) => {
        throw new Refusal(`The platform of the cluster ${server} could not be read: ${error.message}. Nothing was changed.`);
    });
    const description = stored && readDescription((stored.data ?? {}) as Record<string, string>);
    const [gateway, certificates] = places.map(uidOf);
    if (description === undefined || gateway === undefined || certificates === undefined) {
        throw new Refusal(absence(server, gateway !== undefined));
    }
    if (description.format !== format) throw new Refusal(mismatch(server, description));
    return { ...description, gateway, certificates };
}

function readAll(connection: Connection): Promise<(Json | undefined)[]> {
    const paths = [
        `/api/v1/namespaces/${namespaces.gateway}/configmaps/${platformConfigMap}`,
        `/apis/gateway.networking.k8s.io/v1/namespaces/${namespaces.gateway}/gateways/${gatewayName}`,
        `/api/v1/namespaces/${namespaces.certificates}`,
    ];
    return Promise.all(paths.map(path => read(connection, path, { patience: 20 })));
}

function uidOf(object: Json | undefined): string | undefined {
    return (object?.metadata as { uid?: string } | undefined)?.uid;
}

function absence(server: string, hasGateway: boolean): string {
    const first = `The cluster ${server} has no platform that this stack could share`;
    return hasGateway
        ? `${first}: the one that is there was made by an older version of Landfall, or isn't complete.\n`
            + `Bring the stack that made it up with Landfall ${version} or newer, then run the command again. Nothing was changed.`
        : `${first} (landfall:cluster.sharedPlatform).\n`
            + "Bring up the stack that makes the platform first. Or, if this stack is to make it, set "
            + "landfall:cluster: { sharedPlatform: false }. Nothing was changed.";
}

function mismatch(server: string, found: PlatformDescription): string {
    const first = `Landfall ${found.version} last applied the platform of the cluster ${server}, of the stack ${found.stack}; this is ${version}`;
    return found.format > format
        ? `${first}, which doesn't know how to share it.\nUse ${found.version} or newer for this stack. Nothing was changed.`
        : `${first}.\nFirst bring up the stack ${found.stack} with ${version} or newer. Nothing was changed.`;
}
