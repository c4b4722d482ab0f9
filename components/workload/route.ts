import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { Metadata } from "./labels";
import { RequestTimes } from "./limits";
import type { Peer } from "./network";

/** Where requests from outside enter, such as the Platform's gateway. */
export interface Gateway extends Peer {
    /** Name of the Gateway object that routes attach to. */
    readonly gatewayName: pulumi.Input<string>;
    /** Public HTTPS port, for example 443. */
    readonly publishedHttps: number;
    /** Name of a host's listener. @default the protocol, for all hosts */
    listenerOf?(host: string, protocol: Protocol): string;
}

type Protocol = "http" | "https";

/** How a service gets requests from outside. */
interface Exposed {
    gateway: Gateway;
    host: pulumi.Input<string>;
    times: RequestTimes;
}

/** A year of HTTPS only. No includeSubDomains or preload: both affect hosts that this service doesn't serve. */
const strictTransportSecurity = "max-age=31536000";

/**
 * Kubernetes notices a failed node after most of a minute. Until then, its pods get requests. The connection fails, so the
 * request hasn't been sent yet, and Envoy retries. It removes these headers. A retry may pick that pod again, hence so many.
 * Source: https://www.envoyproxy.io/docs/envoy/v1.38.3/configuration/http/http_filters/router_filter
 */
const retries = [
    { name: "x-envoy-retry-on", value: "connect-failure" },
    { name: "x-envoy-max-retries", value: "32" },
];

/** Creates the routes from the gateway to the service: one for HTTPS, and one that redirects HTTP to it. */
export function createRoutes(metadata: Metadata, exposed: Exposed, options: pulumi.CustomResourceOptions): void {
    const { gateway } = exposed;
    createRoute(`${metadata.name}-route`, metadata, exposed, "https", {
        filters: [
            { type: "RequestHeaderModifier", requestHeaderModifier: { set: retries } },
            {
                type: "ResponseHeaderModifier",
                responseHeaderModifier: {
                    set: [{ name: "Strict-Transport-Security", value: strictTransportSecurity }],
                },
            },
        ],
        backendRefs: [{ name: metadata.name, port: 80 }],
        timeouts: { request: `${exposed.times.response}s` },
    }, options);
    const { publishedHttps: port } = gateway;
    // The route of an ACME challenge has an exact path, so it takes precedence.
    createRoute(`${metadata.name}-redirect`, { ...metadata, name: `${metadata.name}-redirect` }, exposed, "http", {
        filters: [{
            type: "RequestRedirect",
            requestRedirect: { scheme: "https", ...(port !== 443 && { port }), statusCode: 301 },
        }],
    }, options);
}

/** Creates a route with one rule for all paths, on one of the gateway's listeners. */
function createRoute(
    name: string, metadata: Metadata, { gateway, host }: Exposed, protocol: Protocol, rule: object,
    options: pulumi.CustomResourceOptions,
): void {
    const listener = gateway.listenerOf === undefined ? protocol
        : pulumi.output(host).apply(known => gateway.listenerOf!(known, protocol));
    new kubernetes.apiextensions.CustomResource(name, {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata,
        spec: {
            parentRefs: [{ name: gateway.gatewayName, namespace: gateway.namespace, sectionName: listener }],
            hostnames: [host],
            rules: [rule],
        },
    }, options);
}
