import { connect, read } from "../../cluster/kubernetes-api";
import { madeBy } from "../../cluster/ownership/marks";
import { gatewayName, namespaceName } from "../gateway/names";
import { namespaces } from "../namespaces";

/** An environment that answers at a host name. */
export interface Holder {
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
