import { namespaces } from "../namespaces";

/** Name of the Gateway object, in the gateway's namespace. */
export const gatewayName = "gateway";
export const namespaceName = namespaces.gateway;
/** Name of the proxies, in labels and policies. */
export const proxyName = "envoy";
/**
 * Name of the controller, in labels and policies. It gives all of its proxies the same listeners. So whenever it configures what
 * proxies that are running couldn't serve, it gets another name: during the update these keep the controller that they have,
 * until new proxies have replaced them.
 */
export const controllerName = "contour-2";
/** Ports of the proxies' containers: for requests, and for health and statistics. */
export const proxyPorts = { http: 8080, https: 8443, health: 8002 };

/** Whether a listener belongs to another stack's environment, and not to the platform's own stack: its name has a dot before the host. */
export function isOfEnvironment(listener: string): boolean {
    return /^https?\./.test(listener);
}

/**
 * The order of the platform's own listeners: by name, backwards. So `http`, which is always there, comes last. Server-side apply
 * inserts a new listener before the next one that is there, and so before `http` and all environments' listeners. A new one at the
 * end would come after those.
 */
export function byListener(a: { name: string }, b: { name: string }): number {
    return a.name < b.name ? 1 : -1;
}

/** A listener's `allowedRoutes`: those of these namespaces only. */
export function routesFrom(...values: string[]): object {
    const matchExpressions = [{ key: "kubernetes.io/metadata.name", operator: "In", values }];
    return { namespaces: { from: "Selector", selector: { matchExpressions } } };
}
