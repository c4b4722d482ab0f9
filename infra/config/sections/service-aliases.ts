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

/** Each name in the namespace leads to the port of one service. */
export function aliasesLeadToOne({ app, environment }: { app: AppSettings; environment: { sleepAfter?: number } }): Violation | undefined {
    if (app.type !== "services") return undefined;
    const { services } = app;
    const all = Object.entries(services).flatMap(([name, { networkAliases: aliases }]) => aliases.map(alias => ({ name, alias })));
    const ownerOf = (alias: string, index: number): string | undefined => {
        if (Object.hasOwn(services, alias)) return `{app.services.${alias}}`;
        const first = all.findIndex(each => each.alias === alias);
        if (first < index) return `{app.services.${all[first].name}}`;
        if (alias === "database" && usesDatabase(app)) return "the stack's own database";
        return alias === activatorName && environment.sleepAfter !== undefined ? "what wakes an environment with {environment.sleepAfter}" : undefined;
    };
    for (const [index, { name, alias }] of all.entries()) {
        const key = `app.services.${name}`;
        const owner = ownerOf(alias, index);
        const example = { app: { type: "services", services: { [name]: { networkAliases: [] } } } };
        if (owner !== undefined) return { keys: [`${key}.networkAliases`, "app.services"], problem: `has ${alias}, a name of ${owner}`, allowed: "names that nothing else has", example };
        if (services[name].port === undefined) {
            return { keys: [`${key}.networkAliases`, `${key}.port`], problem: `has ${alias}, which would lead to no port`, allowed: `none; or {${key}.port}`, example };
        }
    }
    return undefined;
}
