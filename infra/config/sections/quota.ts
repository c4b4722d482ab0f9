import { formatQuantity, quantity } from "../../../components/quantity";
import { ephemeralStorage } from "../../../components/scratch";
import { containerDefaults } from "../../../components/workload/defaults";
import { activatorLimits, type ActivatorLimits } from "../../../components/workload/limits";
import { limitsOf, trafficOf } from "../../limits";
import { needsOf, podsOf, type Share, sharesOf, usesDatabase } from "../../services/limits";
import type { AppSettings } from "../schema";
import { Violation } from "../schema/rule";
import type { WordPressSettings } from "./app";
import type { EnvironmentSettings } from "./environment";
import type { ServicesSettings } from "./services";

type Quota = EnvironmentSettings["quota"];

/** Pods that people may run beside the application, with the limits that containers get if they don't say. */
const peoplesPods = 4;

/** What the application uses at full scale during a rolling update, in billionths. */
export interface Needs {
    amounts: Record<keyof Quota, bigint>;
    /** The settings that determine each. */
    causes: Record<keyof Quota, string[]>;
    /** The pods during a rolling update, and the volumes, in words. */
    rollout: string;
    volumes: string;
}

function needsOfApp(app: AppSettings, sleeps: boolean): Needs {
    const needs = app.type === "services" ? needsOfServices(app) : needsOfWordPress(app);
    return sleeps ? withActivator(needs, activatorLimits(trafficOf(app).requests)) : needs;
}

/** Two of them while it is updated. */
function withActivator(needs: Needs, { cpu, memory }: ActivatorLimits): Needs {
    const { amounts } = needs;
    const two = (amount: string): bigint => quantity(amount) * 2n;
    return {
        ...needs,
        amounts: {
            ...amounts,
            cpu: amounts.cpu + two(cpu.limit), memory: amounts.memory + two(memory.limit), pods: amounts.pods + two("1"),
            ephemeralStorage: amounts.ephemeralStorage + two(ephemeralStorage().limits["ephemeral-storage"]),
        },
        rollout: `${needs.rollout}, and the activator`,
    };
}

/** The settings of the largest share: what to lower. */
function largest(shares: Share[]): string[] {
    return shares.reduce((found, share) => share.amount > found.amount ? share : found, { amount: 0n, causes: [] }).causes;
}

function needsOfServices(app: ServicesSettings): Needs {
    const parts = Object.entries(app.services).flatMap(([name, service]) =>
        [`${podsOf(service)} of ${name}`, ...Object.keys(service.tasks).map(task => `1 of its task ${task}`)]);
    return {
        amounts: needsOf(app),
        causes: Object.fromEntries(Object.entries(sharesOf(app)).map(([key, shares]) => [key, largest(shares)])) as Needs["causes"],
        rollout: `${parts.join(", ")} (max and a quarter, for rolling updates)${usesDatabase(app) ? ", and the database" : ""}`,
        volumes: "the volumes",
    };
}

function needsOfWordPress(app: WordPressSettings): Needs {
    const { web, database } = app;
    const limits = limitsOf(app);
    const sum = (ofWeb: string, ofDatabase: string, ofTask: string) =>
        quantity(ofWeb) * BigInt(limits.web.pods) + quantity(ofDatabase) + quantity(ofTask) * BigInt(limits.tasks.pods);
    const scratch = (size: number) => ephemeralStorage([{ name: "tmp", emptyDir: { sizeLimit: `${size}Mi` } }]).limits["ephemeral-storage"];
    const most = web.replicas.max > 1 ? ["app.web.replicas.max"] : [];
    const cause = (key: string, inWeb: string, inDatabase: string) => largest([
        { amount: quantity(inWeb) * BigInt(limits.web.pods), causes: [...most, `app.web.${key}`] },
        { amount: quantity(inDatabase), causes: [`app.database.${key}`] },
    ]);
    return {
        amounts: {
            cpu: sum(web.cpu.limit, database.cpu.limit, limits.tasks.cpu.limit),
            memory: sum(web.memory.limit, database.memory.limit, limits.tasks.memory.limit),
            storage: quantity(web.uploads.size) + quantity(database.volume),
            ephemeralStorage: sum(scratch(limits.web.scratch), scratch(limits.database.temporaryVolume), scratch(limits.tasks.scratch)),
            pods: quantity(String(limits.web.pods + 1 + limits.tasks.pods)),
        },
        causes: {
            cpu: cause("cpu.limit", web.cpu.limit, database.cpu.limit), memory: cause("memory.limit", web.memory.limit, database.memory.limit),
            storage: quantity(database.volume) > quantity(web.uploads.size) ? ["app.database.volume"] : ["app.web.uploads.size"],
            ephemeralStorage: [...most, "app.web.uploads.maxFile"], pods: most,
        },
        rollout: `${limits.web.pods} web pods (max and a quarter, for rolling updates), the database and scheduled tasks`,
        volumes: "the uploads and the database",
    };
}

/** The quota with its defaults. */
export function completeQuota(given: Quota, app: AppSettings, sleeps = false): { [K in keyof Quota]-?: NonNullable<Quota[K]> } {
    const { cpu, memory, storage, ephemeralStorage, pods } = needsOfApp(app, sleeps).amounts;
    const { limit } = containerDefaults;
    const besides = (need: bigint, one: string): string => formatQuantity(need + quantity(one) * BigInt(peoplesPods));
    return {
        cpu: given.cpu ?? besides(cpu, limit.cpu),
        memory: given.memory ?? besides(memory, limit.memory),
        // A volume can be restored beside the one that it replaces.
        storage: given.storage ?? formatQuantity(storage * 2n),
        ephemeralStorage: given.ephemeralStorage ?? besides(ephemeralStorage, limit["ephemeral-storage"]),
        pods: given.pods ?? Number(besides(pods, "1")),
    };
}

/** The quota must hold the application at full scale during a rolling update. Otherwise pods are silently not created. */
export function quotaHoldsApp(
    { environment: { quota, sleepAfter }, app }: { environment: { quota: Quota; sleepAfter?: number }; app: AppSettings },
): Violation | undefined {
    const { amounts, causes, rollout, volumes } = needsOfApp(app, sleepAfter !== undefined);
    const short = (Object.keys(amounts) as (keyof Quota)[])
        .filter(key => quota[key] !== undefined && amounts[key] > quantity(String(quota[key])));
    if (short.length === 0) {
        return undefined;
    }
    const enough = Object.fromEntries(short.map(key => {
        const amount = formatQuantity(amounts[key]);
        return [key, key === "pods" ? Number(amount) : amount];
    }));
    const from = [...new Set(short.flatMap(key => causes[key]))];
    const what = short.some(key => key !== "storage") ? rollout : volumes;
    return {
        keys: [...short.map(key => `environment.quota.${key}`), ...from],
        problem: `can't hold the application at its largest: ${what}`,
        allowed: `at least ${Object.entries(enough).map(([key, amount]) => `${key}: ${amount}`).join(", ")}`
            + (from.length > 0 ? `; or lower ${from.map(key => `{${key}}`).join(" or ")}` : ""),
        example: { environment: { quota: enough } },
    };
}
