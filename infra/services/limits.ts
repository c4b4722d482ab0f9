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

/** Whether it may have several pods. A job, and a service that has volumes of its own, never has two. */
function grows(service: Shape): boolean {
    return !["job", "stateful"].includes(kindOf(service));
}

/** A service's pods at the height of a rolling update. */
export function podsOf(service: Shape & { replicas: { max: number } }): number {
    return grows(service) ? podsInRollout(service.replicas.max) : 1;
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

type Amount = keyof EnvironmentSettings["quota"];

/** What a part of the stack uses at its largest, in billionths, and the settings that this follows from. */
export interface Share {
    amount: bigint;
    causes: string[];
}

/** The shares of the services, and of the database if there is one. */
export function sharesOf({ services, database }: ServicesSettings): Record<Amount, Share[]> {
    const all = Object.entries(services);
    const ofDatabase = (amount: string, key: string): Share[] => usesDatabase({ services }) ? [{ amount: quantity(amount), causes: [`app.database.${key}`] }] : [];
    const inPods = (key: string, one: (service: ServiceSettings) => string): Share[] => all.map(([name, service]) => ({
        amount: quantity(one(service)) * BigInt(allPodsOf(service)),
        causes: [...mostOf(service), key].map(each => `app.services.${name}.${each}`),
    }));
    const ownVolumes = ({ volumes }: ServiceSettings): bigint =>
        Object.values(volumes).reduce((sum, { of, size }) => of === undefined ? sum + quantity(size) : sum, 0n);
    const { temporaryVolume } = databaseLimits(mebibytes(database.memory.limit), largestText);
    return {
        cpu: [...inPods("cpu.limit", ({ cpu }) => cpu.limit), ...ofDatabase(database.cpu.limit, "cpu.limit")],
        memory: [...inPods("memory.limit", ({ memory }) => memory.limit), ...ofDatabase(database.memory.limit, "memory.limit")],
        storage: [
            ...all.map(([name, service]) => ({ amount: ownVolumes(service), causes: [`app.services.${name}.volumes`] })),
            ...ofDatabase(database.volume, "volume"),
        ],
        ephemeralStorage: [
            ...inPods("ephemeral", ({ ephemeral }) => onDisk(Object.values(ephemeral))), ...ofDatabase(onDisk([`${temporaryVolume}Mi`]), "memory.limit"),
        ],
        pods: [
            ...all.map(([name, service]) => ({
                amount: quantity(String(allPodsOf(service))), causes: mostOf(service).map(key => `app.services.${name}.${key}`),
            })),
            ...usesDatabase({ services }) ? [{ amount: quantity("1"), causes: [] }] : [],
        ],
    };
}

/** The key of a service that says how many pods it has, unless it has one. */
export function mostOf(service: ServiceSettings): ["replicas.max"] | [] {
    return grows(service) && service.replicas.max > 1 ? ["replicas.max"] : [];
}

/** What all pods may use together at their largest, in billionths. */
export function needsOf(app: ServicesSettings): Record<Amount, bigint> {
    const sums = Object.entries(sharesOf(app)).map(([key, shares]) => [key, shares.reduce((sum, { amount }) => sum + amount, 0n)]);
    return Object.fromEntries(sums) as Record<Amount, bigint>;
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

/** Seconds that the slowest pod may take to stop: what its longest request needs, or what its service says. */
export function graceOfServices({ services }: Pick<ServicesSettings, "services">): number {
    return Math.max(...Object.values(services).flatMap(service => [
        requestTimes({ requestSeconds: service.requestSeconds, largestTransfer: largestTransferOf(service) }).drain, service.graceSeconds ?? 0,
    ]));
}
