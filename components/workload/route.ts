import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { hostObjectName, Metadata } from "./labels";
import { RequestTimes } from "./limits";
import type { Peer } from "./network";

/** Where requests from outside enter, such as the Platform's gateway. */
export interface Gateway extends Peer {
    /** Name of the Gateway object that routes attach to. */
    readonly gatewayName: pulumi.Input<string>;
    /** Public HTTPS port, for example 443. */
    readonly publishedHttps: number;
}

/** How a service gets requests from outside. */
export interface Exposure {
    gateway: Gateway;
    /** The name that people know it by. @example "www.example.com" */
    host: string;
    /** More names under which it answers, each as its own site. @default [] */
    aliases?: string[];
    /** Names that lead to `host`: requests get a permanent redirection to the same path and query there. @default [] */
    redirects?: string[];
    /** Beginning of the paths that it serves. Longer ones of other services take precedence. @default all paths @example "/api" */
    path?: string;
}

/** A year of HTTPS only. No includeSubDomains or preload: both affect hosts that this service doesn't serve. */
const strictTransportSecurity = [{ name: "Strict-Transport-Security", value: "max-age=31536000" }];

/**
 * Kubernetes notices a failed node after most of a minute. Until then, its pods get requests. The connection fails, so the
 * request hasn't been sent yet, and Envoy retries. It removes these headers. A retry may pick that pod again, hence so many.
 * Source: https://www.envoyproxy.io/docs/envoy/v1.38.3/configuration/http/http_filters/router_filter
 */
const retries = [
    { name: "x-envoy-retry-on", value: "connect-failure" },
    { name: "x-envoy-max-retries", value: "32" },
];

/** A port of a Service. */
export interface Backend {
    name: string;
    port: number;
}

/** What the service's routes come after. */
export interface After {
    service: kubernetes.core.v1.Service;
    /** Its Deployment or StatefulSet. */
    workload: pulumi.Resource;
    /** Where the requests go instead of the service itself, and what that needs. */
    backend?: Backend;
    before?: pulumi.Resource[];
}

/**
 * Creates a route for HTTPS and one for HTTP for each host, named after it. When another host becomes the canonical one, each
 * route changes in place, in an order in which every host always has an answer: the new one is served before the pods know
 * it, and the old one redirects to it once all pods do.
 */
export function createRoutes(
    metadata: Metadata, exposed: Exposure, times: RequestTimes, after: After, options: pulumi.CustomResourceOptions,
): void {
    const { gateway, host, aliases = [], redirects = [], path } = exposed;
    const { service, workload, backend = { name: metadata.name, port: 80 }, before = [] } = after;
    const { publishedHttps: port } = gateway;
    const secure = { scheme: "https", ...(port !== 443 && { port }), statusCode: 301 };
    const served = {
        filters: [
            { type: "RequestHeaderModifier", requestHeaderModifier: { set: retries } },
            { type: "ResponseHeaderModifier", responseHeaderModifier: { set: strictTransportSecurity } },
        ],
        backendRefs: [backend],
        timeouts: { request: `${times.response}s` },
    };
    const redirected = (more: object) => ({ filters: [{ type: "RequestRedirect", requestRedirect: { ...secure, ...more } }] });
    for (const name of [host, ...aliases]) {
        const inOrder = { ...options, dependsOn: [service, ...before] };
        createRoute("https", { metadata, gateway, path, host: name, isFirst: name === host, rule: served }, inOrder);
        // The route of an ACME challenge has an exact path, so it takes precedence.
        createRoute("http", { metadata, gateway, path, host: name, isFirst: name === host, rule: redirected({}) }, inOrder);
    }
    for (const name of redirects) {
        const inOrder = { ...options, dependsOn: workload };
        const { filters } = redirected({ hostname: host });
        // Contour 1.33 ignores the header in a redirection; other versions may not.
        const lasting = { filters: [...filters, served.filters[1]] };
        createRoute("https", { metadata, gateway, path, host: name, rule: lasting }, inOrder);
        createRoute("http", { metadata, gateway, path, host: name, rule: { filters } }, inOrder);
    }
}

interface Route {
    metadata: Metadata;
    gateway: Gateway;
    host: string;
    /** Whether it takes over the routes of an older stack, whose service had a single host. They keep their names from then on. */
    isFirst?: boolean;
    /** Beginning of the paths that it is for. @default all paths */
    path?: string;
    /** The rule for these paths. */
    rule: object;
}

function createRoute(
    scheme: "http" | "https", { metadata, gateway, host, path, isFirst = false, rule }: Route, options: pulumi.CustomResourceOptions,
): void {
    const name = hostObjectName(`${metadata.name}-${scheme}`, host);
    const before = `${metadata.name}-${scheme === "https" ? "route" : "redirect"}`;
    new kubernetes.apiextensions.CustomResource(name, {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata: { ...metadata, name },
        spec: {
            // The port means the listener that is for this host, whichever that is.
            parentRefs: [{ name: gateway.gatewayName, namespace: gateway.namespace, port: scheme === "https" ? 443 : 80 }],
            hostnames: [host],
            rules: [{ ...(path !== undefined && { matches: [{ path: { type: "PathPrefix", value: path } }] }), ...rule }],
        },
    }, { ...options, ...(isFirst && { aliases: [{ name: before }] }), ignoreChanges: ["metadata.name"] });
}
