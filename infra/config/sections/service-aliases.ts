import { activatorName } from "../../../components/workload/labels";
import { usesDatabase } from "../../services/limits";
import { listOf, matching } from "../schema/fields";
import type { AppSettings } from "../schema";
import type { Violation } from "../schema/rule";

/** Names of Kubernetes Services, which can't begin with a digit. */
export const networkAlias = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** `landfall:app.services.<name>.networkAliases`. */
export function networkAliases() {
    const names = 'lower-case letters, digits and "-", at most 63, beginning with a letter';
    return listOf("names", matching(names, networkAlias, /[a-z0-9-]/)).default([]).meta({
        description: "Further names under which the services that connect to it find it.", example: ["backend"], defaultText: "none",
    });
}

/** A name in the namespace leads to one workload. */
export function aliasesAreDistinct({ app, environment }: { app: AppSettings; environment: { sleepAfter?: number } }): Violation | undefined {
    if (app.type !== "services") return undefined;
    const { services } = app;
    const all = Object.entries(services).flatMap(([name, { networkAliases: aliases }]) => aliases.map(alias => ({ name, alias })));
    for (const [index, { name, alias }] of all.entries()) {
        const other = all.findIndex(each => each.alias === alias);
        const problem = alias === name ? "the name of the service itself"
            : Object.hasOwn(services, alias) ? `the name of {app.services.${alias}}`
            : other < index ? `also a name of {app.services.${all[other].name}}`
            : alias === "database" && usesDatabase(app) ? "the name of the stack's own database"
            : alias === activatorName && environment.sleepAfter !== undefined ? "the name of what wakes an environment with {environment.sleepAfter}" : undefined;
        if (problem === undefined) continue;
        return {
            keys: [`app.services.${name}.networkAliases`, "app.services"], problem: `has ${alias}, which is ${problem}`, allowed: "names that nothing else has",
            example: { app: { type: "services", services: { [name]: { networkAliases: [] } } } },
        };
    }
    return undefined;
}
