import { connect, read } from "../../cluster/kubernetes-api";
import { madeBy } from "../../cluster/ownership/marks";
import { gatewayName, isOfEnvironment, namespaceName } from "../gateway/names";
import { namespaces } from "../namespaces";

/** An environment that answers at a host name. */
interface Holder {
    host: string;
    /** Its namespace. */
    environment: string;
    /** The stack that it belongs to, if it says. */
    stack?: string;
}

interface Route {
    metadata: { namespace: string; annotations?: Record<string, string> };
    spec?: { hostnames?: string[]; parentRefs?: { name: string; namespace?: string }[] };
}

/** The environments other than this one that already answer at one of the hosts, as far as the cluster says. */
export async function otherHolders(kubeconfig: string, environment: string, hosts: string[]): Promise<Holder[]> {
    const path = "/apis/gateway.networking.k8s.io/v1/httproutes";
    const list = await connect(kubeconfig).then(connection => read(connection, path, { patience: 0 })).catch(() => undefined);
    const routes = ((list?.items ?? []) as Route[]).filter(({ metadata, spec }) =>
        // Routes of ACME challenges are for hosts of others.
        ![environment, namespaces.certificates].includes(metadata.namespace)
        && spec?.parentRefs?.some(({ name, namespace }) => name === gatewayName && namespace === namespaceName));
    const held = routes.flatMap(({ metadata, spec }) => (spec?.hostnames ?? []).filter(host => hosts.includes(host))
        .map(host => ({ host, environment: metadata.namespace, stack: metadata.annotations?.[madeBy] })));
    return held.filter((one, index) => held.findIndex(({ host, environment }) =>
        host === one.host && environment === one.environment) === index);
}

/** Listeners that a Gateway can have at most, by the Gateway API. Each host has two. */
const mostListeners = 64;
export const mostHosts = mostListeners / 2;

interface Listener {
    name: string;
    hostname?: string;
    allowedRoutes?: { namespaces?: { selector?: { matchExpressions?: { values?: string[] }[] } } };
}

/**
 * How many hosts the platform's Gateway has for others, as far as the cluster says.
 * @param environment namespace of an environment on another stack's platform; undefined for the platform's own
 */
export async function hostsOfOthers(kubeconfig: string, environment: string | undefined, hosts: string[]): Promise<number> {
    const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespaceName}/gateways/${gatewayName}`;
    const gateway = await connect(kubeconfig).then(connection => read(connection, path, { patience: 0 })).catch(() => undefined);
    const listeners = (gateway?.spec as { listeners?: Listener[] } | undefined)?.listeners ?? [];
    const environmentsOf = ({ allowedRoutes }: Listener): string[] =>
        allowedRoutes?.namespaces?.selector?.matchExpressions?.flatMap(({ values = [] }) => values) ?? [];
    const isOwn = environment === undefined ? ({ name }: Listener) => !isOfEnvironment(name)
        : (listener: Listener) => environmentsOf(listener).includes(environment) || hosts.includes(listener.hostname ?? "");
    return Math.ceil(listeners.filter(listener => !isOwn(listener)).length / 2);
}
