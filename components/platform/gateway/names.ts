import { namespaces } from "../namespaces";

/** Name of the Gateway object, in the gateway's namespace. */
export const gatewayName = "gateway";
export const namespaceName = namespaces.gateway;
/** Name of the proxies, in labels and policies. */
export const proxyName = "envoy";
