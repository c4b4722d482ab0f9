import type { local } from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../../cluster/cluster";
import { scriptCommand } from "../../script";
import { namespaceName as certificatesNamespace } from "../cert-manager/names";
import type { HostCertificate } from "../gateway";
import { routesFrom } from "../gateway/names";

export interface ListenersArgs {
    cluster: Cluster;
    /** The environment's namespace. */
    environment: string;
    /** Its hosts, with their certificates. */
    hosts: pulumi.Output<HostCertificate[]>;
    /** UID of the Gateway object. */
    gateway: string;
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
            LISTENERS: args.hosts.apply(hosts => JSON.stringify(hosts.flatMap(host => listenersOf(host, args.environment)))),
        },
        // Also on another cluster or under another name, so that the old ones are removed first.
        triggers: [args.gateway, args.environment],
    }, options);
}

/**
 * The host's listeners. Their list is keyed by name, and no two environments have the same host. Contour accepts no route on a
 * listener for all hosts if another listener, on whatever port, has the route's host: so HTTP has one for each host too.
 */
function listenersOf({ host, secret }: HostCertificate, environment: string): object[] {
    const certificateRefs = [{ kind: "Secret", name: secret, namespace: certificatesNamespace }];
    return [
        // The answers to an ACME server's challenges are in the certificates' namespace.
        { name: `http.${host}`, hostname: host, protocol: "HTTP", port: 80, allowedRoutes: routesFrom(environment, certificatesNamespace) },
        // No other environment's route may use this certificate.
        {
            name: `https.${host}`, hostname: host, protocol: "HTTPS", port: 443, tls: { mode: "Terminate", certificateRefs },
            allowedRoutes: routesFrom(environment),
        },
    ];
}
