import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../../cluster/cluster";
import { scriptCommand } from "../../script";
import { namespaceName as certificatesNamespace } from "../cert-manager/names";

export interface ListenersArgs {
    cluster: Cluster;
    /** The environment's namespace. */
    environment: string;
    hosts: string[];
    /** Secret with the hosts' certificate. */
    secret: string;
    /** UID of the Gateway object. */
    gateway: string;
}

/** A Gateway's listeners are a list by name, and no two environments have the same host. */
export function listenerOf(host: string, protocol: "http" | "https"): string {
    return `${protocol}.${host}`;
}

/**
 * Adds the hosts' listeners to the platform's Gateway by server-side apply, as a field manager of the environment's own,
 * and removes exactly those on destroy. Not a CustomResourcePatch: it compares lists by position, so it would always find
 * the platform's listeners in place of its own, and it can't be deleted once the Gateway is gone.
 */
export function addListeners(name: string, args: ListenersArgs, options: pulumi.CustomResourceOptions): local.Command {
    const scripts = "components/platform/shared";
    return scriptCommand(name, {
        create: `${scripts}/apply-listeners.ts`,
        delete: `${scripts}/remove-listeners.ts`,
        environment: {
            CLUSTER_KUBECONFIG: args.cluster.kubeconfig,
            ENVIRONMENT: args.environment,
            LISTENERS: JSON.stringify(args.hosts.flatMap(host => listenersOf(host, args))),
        },
        // On another cluster too, so that the old one is left without them.
        triggers: [args.gateway],
    }, options);
}

/**
 * HTTP needs a listener of its own too: Contour accepts no route to a listener for all hosts if any listener, on whatever port,
 * has the route's host (gatewayapi_processor.go, computeHosts).
 */
function listenersOf(hostname: string, { environment, secret }: ListenersArgs): object[] {
    return [
        {
            name: listenerOf(hostname, "http"), hostname, protocol: "HTTP", port: 80,
            // The answers to an ACME server's challenges are in the certificates' namespace.
            allowedRoutes: routesFrom(environment, certificatesNamespace),
        },
        {
            name: listenerOf(hostname, "https"), hostname, protocol: "HTTPS", port: 443,
            tls: { mode: "Terminate", certificateRefs: [{ kind: "Secret", name: secret, namespace: certificatesNamespace }] },
            // No other environment's route may use this certificate.
            allowedRoutes: routesFrom(environment),
        },
    ];
}

function routesFrom(...values: string[]): object {
    const selector = { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values }] };
    return { namespaces: { from: "Selector", selector } };
}
