import { type Connection, type Json, KubernetesError, read, send } from "../../cluster/kubernetes-api";
import { fail } from "../../cluster/scripts/process";
import { byListener, gatewayName, isOfEnvironment, namespaceName } from "../gateway/names";

const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespaceName}/gateways/${gatewayName}`;

/** The field manager that has an environment's listeners. */
function managerOf(environment: string): string {
    return `landfall-${environment}`;
}

/** Whether the Gateway exists. */
export async function hasGateway(connection: Connection): Promise<boolean> {
    return await read(connection, path, { patience: 5, seconds: 30 }) !== undefined;
}

const noRoom = "The cluster's Gateway has no room for these hosts: it can have at most 64 listeners, two for each host of all environments. "
    + "Remove hosts (landfall:environment.redirects) or environments that nobody needs, or use another cluster.";

/** Makes these listeners the environment's only ones; those of others stay. */
export async function applyListeners(connection: Connection, environment: string, listeners: Json[]): Promise<void> {
    const body = {
        apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: gatewayName, namespace: namespaceName },
        ...(listeners.length > 0 && { spec: { listeners } }),
    };
    await send(connection, "PATCH", `${path}?fieldManager=${encodeURIComponent(managerOf(environment))}`, { body }).catch((error: Error) => {
        const code = error instanceof KubernetesError ? error.code : undefined;
        if (code === 422 && /listeners: Too many/.test(error.message)) fail(`${noRoom}\n${error.message}`);
        if (code !== 409) throw error;
        const others = [...error.message.matchAll(/conflicts? with "landfall-([^"]+)"/g)].map(([, other]) => other);
        const who = others.length > 0 ? `the environment ${[...new Set(others)].join(", ")}` : "someone else";
        fail(`Another environment already answers at one of these hosts: ${who}. Choose another landfall:environment.host.\n${error.message}`);
    });
}

interface Gateway extends Json {
    spec: { listeners: { name: string }[] };
}

/** How often to try again if someone else changes the Gateway meanwhile. */
const attempts = 5;

/**
 * Moves the platform's own listeners to the front, in the order in which its stack applies them. No listener changes. Pulumi
 * compares the list by position, so with an environment's listener in between, every run would show a difference.
 */
export async function orderListeners(connection: Connection): Promise<void> {
    for (let attempt = 1; ; attempt++) {
        const gateway = await read(connection, path, { patience: 60, seconds: 30 }) as Gateway | undefined;
        if (gateway === undefined) return;
        const { listeners } = gateway.spec;
        const ordered = [...listeners.filter(({ name }) => !isOfEnvironment(name)).sort(byListener), ...listeners.filter(({ name }) => isOfEnvironment(name))];
        if (ordered.every((listener, index) => listener === listeners[index])) return;
        try {
            await send(connection, "PUT", path, { body: { ...gateway, spec: { ...gateway.spec, listeners: ordered } } });
            return;
        } catch (error) {
            if (!(error instanceof KubernetesError && error.code === 409) || attempt === attempts) throw error;
        }
    }
}
