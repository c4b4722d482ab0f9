/**
 * The limits of an application of services, from the settings of each. Those that every web service and database share are in
 * components/workload/limits.ts.
 */
import type { Traffic } from "../../components/platform";
import { quantity } from "../../components/quantity";
import { podsInRollout, requestTimes } from "../../components/workload/limits";
import type { ServiceSettings, ServicesSettings } from "../config";

interface Shape {
    port?: number;
    volumes: Record<string, { accessMode: string }>;
}

/** What runs a service: replicas behind a Service; one pod with volumes of its own; or replicas without a port. */
export function kindOf({ port, volumes }: Shape): "web" | "stateful" | "worker" {
    const modes = Object.values(volumes).map(({ accessMode }) => accessMode);
    if (modes.includes("ReadWriteOnce") || (modes.length > 0 && port === undefined)) return "stateful";
    return port === undefined ? "worker" : "web";
}

/** Bytes of the largest request body or answer. */
export function largestTransferOf({ largestTransfer }: Pick<ServiceSettings, "largestTransfer">): number {
    return Number(quantity(largestTransfer) / 10n ** 9n);
}

/** A service's pods at the height of a rolling update. One that has volumes of its own never has two. */
export function podsOf(service: Shape & { replicas: { max: number } }): number {
    return kindOf(service) === "stateful" ? 1 : podsInRollout(service.replicas.max);
}

export function usesDatabase({ services }: Pick<ServicesSettings, "services">): boolean {
    return Object.values(services).some(({ database }) => database);
}

/** How many database connections all pods may open. `databaseLimits` says how many the server accepts. */
export function connectionsOfServices({ services }: Pick<ServicesSettings, "services">): number {
    return Object.values(services).filter(({ database }) => database)
        .reduce((sum, service) => sum + podsOf(service) * service.connections, 0);
}

/** What all pods may use together at their largest; CPU, memory and storage in billionths. */
export function needsOf({ services, database }: ServicesSettings): { cpu: bigint; memory: bigint; storage: bigint; pods: bigint } {
    const used = usesDatabase({ services }) ? 1n : 0n;
    const all = Object.values(services);
    const sum = (resource: "cpu" | "memory") => all.reduce((total, service) =>
        total + quantity(service[resource].limit) * BigInt(podsOf(service)), quantity(database[resource].limit) * used);
    const volumes = all.flatMap(({ volumes }) => Object.values(volumes));
    return {
        cpu: sum("cpu"),
        memory: sum("memory"),
        storage: volumes.reduce((total, { size }) => total + quantity(size), quantity(database.volume) * used),
        pods: BigInt(all.reduce((total, service) => total + podsOf(service), 0)) + used,
    };
}

/** What the gateway must handle. */
export function trafficOfServices({ services }: ServicesSettings): Traffic {
    const exposed = Object.values(services).filter(service => service.exposed);
    const largest = (value: (service: ServiceSettings) => number) => Math.max(...exposed.map(value));
    return {
        times: requestTimes({ requestSeconds: largest(service => service.requestSeconds), largestTransfer: largest(largestTransferOf) }),
        pods: exposed.reduce((sum, service) => sum + podsOf(service), 0),
        requests: exposed.reduce((sum, service) => sum + podsOf(service) * service.requests, 0),
    };
}
