import { namespaces } from "../namespaces";

/** Name of the Gateway object, in the gateway's namespace. */
export const gatewayName = "gateway";
export const namespaceName = namespaces.gateway;
/** Name of the proxies, in labels and policies. */
export const proxyName = "envoy";
/** Ports of the proxies' containers: for requests, and for health and statistics. */
export const proxyPorts = { http: 8080, https: 8443, health: 8002 };
