/**
 * The limits of an application of services, from the settings of each. Those that every web service and database share are in
 * components/workload/limits.ts.
 */
import type { Traffic } from "../../components/platform";
import { mebibytes, quantity } from "../../components/quantity";
import { ephemeralStorage } from "../../components/scratch";
import { databaseLimits, largestText, podsInRollout, requestTimes } from "../../components/workload/limits";
import type { EnvironmentSettings, ServiceSettings, ServicesSettings } from "../config";

interface Shape {
    job: boolean;
    port?: number;
    volumes: Record<string, { accessMode: string }>;
}

/** What runs a service: a pod that ends; replicas behind a Service; one pod with volumes of its own; or replicas without a port. */
export function kindOf({ job, port, volumes }: Shape): "job" | "web" | "stateful" | "worker" {
    if (job) return "job";
    const modes = Object.values(volumes).map(({ accessMode }) => accessMode);
    if (modes.includes("ReadWriteOnce") || (modes.length > 0 && port === undefined)) return "stateful";
    return port === undefined ? "worker" : "web";
}

/** Bytes of the largest request body or answer. */
export function largestTransferOf({ largestTransfer }: Pick<ServiceSettings, "largestTransfer">): number {
    return Number(quantity(largestTransfer) / 10n ** 9n);
}

/** A service's pods at the height of a rolling update. A job, and one that has volumes of its own, never has two. */
export function podsOf(service: Shape & { replicas: { max: number } }): number {
    return ["job", "stateful"].includes(kindOf(service)) ? 1 : podsInRollout(service.replicas.max);
}

/** The same, and those of its scheduled tasks. */
export function allPodsOf(service: ServiceSettings): number {
    return podsOf(service) + Object.keys(service.tasks).length;
}

export function usesDatabase({ services }: Pick<ServicesSettings, "services">): boolean {
    return Object.values(services).some(({ database }) => database);
}

/** How many database connections all pods may open. `databaseLimits` says how many the server accepts. */
export function connectionsOfServices({ services }: Pick<ServicesSettings, "services">): number {
    return Object.values(services).filter(({ database }) => database)
        .reduce((sum, service) => sum + allPodsOf(service) * service.connections, 0);
}

/** What all pods may use together at their largest, in billionths. */
export function needsOf({ services, database }: ServicesSettings): Record<keyof EnvironmentSettings["quota"], bigint> {
    const used = usesDatabase({ services }) ? 1n : 0n;
    const all = Object.values(services);
    const sum = (ofService: (service: ServiceSettings) => string, ofDatabase: string) => all.reduce((total, service) =>
        total + quantity(ofService(service)) * BigInt(allPodsOf(service)), quantity(ofDatabase) * used);
    const { temporaryVolume } = databaseLimits(mebibytes(database.memory.limit), largestText);
    const volumes = all.flatMap(({ volumes }) => Object.values(volumes)).filter(({ of }) => of === undefined);
    return {
        cpu: sum(({ cpu }) => cpu.limit, database.cpu.limit),
        memory: sum(({ memory }) => memory.limit, database.memory.limit),
        storage: volumes.reduce((total, { size }) => total + quantity(size), quantity(database.volume) * used),
        ephemeralStorage: sum(({ ephemeral }) => onDisk(Object.values(ephemeral)), onDisk([`${temporaryVolume}Mi`])),
        pods: sum(() => "1", "1"),
    };
}

/** What a pod may write to its node's disk: to directories of these sizes, and to its log. */
function onDisk(sizes: string[]): string {
    return ephemeralStorage(sizes.map(sizeLimit => ({ name: "", emptyDir: { sizeLimit } }))).limits["ephemeral-storage"];
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
