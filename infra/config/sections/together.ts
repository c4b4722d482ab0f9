import { mebibytes } from "../../../components/quantity";
import { connectionsOf, leastMemoryOfDatabase, leastWebMemory, limitsOf } from "../../limits";
import { usesDatabase } from "../../services/limits";
import type { AppSettings } from "../schema";
import { Violation } from "../schema/rule";
import { type ClusterSettings, sharesPlatform } from "../targets";
import type { EnvironmentSettings } from "./environment";
import type { GatewaySettings } from "./gateway";
import type { LogsSettings } from "./logs";
import { databaseHoldsServices } from "./services-together";

/**
 * WordPress writes its one address into every page, mail and feed, and its cookies and scripts are valid there only. On a page
 * under another name, fonts and scripts would come from a foreign origin, and a login would end elsewhere.
 */
export function wordPressHasOneAddress({ environment, app }: { environment: EnvironmentSettings; app: AppSettings }): Violation | undefined {
    const { aliases, host } = environment;
    return aliases.length === 0 || app.type !== "wordpress" ? undefined : {
        keys: ["environment.aliases", "environment.host"],
        problem: "can't be served by WordPress, which has one address for its links, logins and scripts",
        allowed: "no aliases; {environment.redirects} lead to {environment.host}",
        example: { environment: { host, redirects: aliases } },
    };
}

/** Every PHP process has a connection. If the database refuses one, the visitor sees an error page. */
export function databaseHoldsConnections({ app }: { app: AppSettings }): Violation | undefined {
    if (app.type === "services") return databaseHoldsServices(app);
    const { web, database } = app;
    const least = leastMemoryOfDatabase(app);
    if (mebibytes(web.memory.limit) < leastWebMemory(web) || mebibytes(database.memory.limit) >= least) return undefined;
    const limits = limitsOf(app);
    return {
        keys: ["app.database.memory.limit", "app.web.replicas.max", "app.web.memory.limit"],
        problem: `can't hold the ${connectionsOf(limits)} connections that ${limits.web.pods} web pods (max and a quarter, for rolling updates) and ` +
            "scheduled tasks may open",
        allowed: `at least ${least}Mi; or lower {app.web.replicas.max} or {app.web.memory.limit}`,
        example: { app: { database: { memory: { limit: `${least}Mi` } } } },
    };
}

/** An existing cluster needs a way to get the images that the program builds. A platform knows it, or refuses at its time. */
export function needsRegistry(
    { cluster, app, environment }: { cluster: ClusterSettings; app: AppSettings; environment: { sleepAfter?: number } },
): Violation | undefined {
    const images: [string, string | undefined][] = app.type === "wordpress" ? [["app.web.image", app.web.image]]
        : Object.entries(app.services).map(([name, { image }]) => [`app.services.${name}.image`, image]);
    const database: [string, string | undefined][] = app.type === "wordpress" || usesDatabase(app) ? [["app.database.image", app.database.image]] : [];
    const built = [...images, ...database].flatMap(([key, image]) => image === undefined ? [key] : []);
    const isKnown = cluster.target !== "existing" || cluster.registry !== undefined || sharesPlatform(cluster);
    if (!isKnown && built.length === 0 && environment.sleepAfter !== undefined) {
        return {
            keys: ["cluster.registry", "environment.sleepAfter"],
            problem: "is missing: the activator's image must be pushed where this cluster can pull it",
            allowed: "a registry such as ghcr.io/example; or leave out {environment.sleepAfter}",
            example: { cluster: { registry: "ghcr.io/example" } },
        };
    }
    return isKnown || built.length === 0 ? undefined : {
        keys: ["cluster.registry", ...built],
        problem: "is missing: the images that the program builds have to be pushed where this cluster can pull them",
        allowed: `a registry such as ghcr.io/example, or ready images in ${built.map(key => `{${key}}`).join(" and ")}`,
        example: { cluster: { registry: "ghcr.io/example" } },
    };
}

/** A cluster's logs and its gateway belong to its platform, which may be another stack's. */
export function hasOwnPlatform({ cluster, logs, gateway }: {
    cluster: ClusterSettings; logs: LogsSettings; gateway: GatewaySettings;
}): Violation | undefined {
    if (!sharesPlatform(cluster)) return undefined;
    const violation = (key: string, why: string): Violation => ({
        keys: [key, "cluster.sharedPlatform"],
        problem: `has no effect: ${why}, and another stack made it`,
        allowed: "leave it out here, and set it in the stack that made the platform",
        example: { cluster: { target: "existing", stack: "organization/landfall/dev" } },
    });
    if (logs.keepDays > 0) return violation("logs.keepDays", "the platform keeps the logs of the whole cluster");
    return gateway.clientConnections === undefined ? undefined
        : violation("gateway.clientConnections", "the gateway belongs to the platform");
}
