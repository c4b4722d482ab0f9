import { type Connection, type Json, KubernetesError, read, send } from "../../cluster/kubernetes-api";
import { fail } from "../../cluster/scripts/process";
import { gatewayName, namespaceName } from "../gateway/names";

const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespaceName}/gateways/${gatewayName}`;

/** The field manager that has an environment's listeners. */
export function managerOf(environment: string): string {
    return `landfall-${environment}`;
}

/** Whether the Gateway exists. */
export async function hasGateway(connection: Connection): Promise<boolean> {
    return await read(connection, path, { patience: 5, seconds: 30 }) !== undefined;
}

/** Makes these listeners the environment's only ones; those of others stay. */
export async function applyListeners(connection: Connection, environment: string, listeners: Json[]): Promise<void> {
    const body = {
        apiVersion: "gateway.networking.k8s.io/v1", kind: "Gateway", metadata: { name: gatewayName, namespace: namespaceName },
        ...(listeners.length > 0 && { spec: { listeners } }),
    };
    await send(connection, "PATCH", `${path}?fieldManager=${encodeURIComponent(managerOf(environment))}`, { body }).catch((error: Error) => {
        if (!(error instanceof KubernetesError && error.code === 409)) throw error;
        const others = [...error.message.matchAll(/conflicts? with "landfall-([^"]+)"/g)].map(([, other]) => other);
        const who = others.length > 0 ? `the environment ${[...new Set(others)].join(", ")}` : "someone else";
        fail(`Another environment already answers at one of these hosts: ${who}. Choose another landfall:environment.host.\n${error.message}`);
    });
}
