import type { Report } from "./report";
import type { Converted } from "./service";

/** Says that the stack has a database of its own. */
export function offerDatabase(converted: Record<string, Converted>, report: Report): void {
    const [name] = Object.entries(converted).find(([, { settings }]) => settings.port === 3306) ?? [];
    if (name === undefined) return;
    report.warn(converted[name].node, `services.${name} runs as the file says. With landfall:app.replaceDatabase: ${name}, the stack's own MariaDB replaces it, which begins empty.`);
}

/**
 * Removes a service that is a MariaDB or MySQL server, and lets those that may connect to it use the stack's own database.
 * Wherever their environment has its name or one of its aliases, its user, its password or its database, the stack's own replace them.
 */
export function replaceDatabase(
    name: string, aliases: string[], converted: Record<string, Converted>, secrets: Record<string, string>, given: Record<string, Record<string, unknown>>, report: Report,
): void {
    const database = Object.hasOwn(converted, name) ? converted[name] : undefined;
    if (database === undefined || !(database.settings.port === 3306)) {
        const at = database?.node ?? Object.values(converted)[0]?.node ?? { file: "compose.yaml", line: 1 };
        return report.refuse(at, `landfall:app.replaceDatabase is ${name}, which is no service with MariaDB or MySQL, on port 3306`);
    }
    delete converted[name];
    const valueOf = (key: string): string | undefined => {
        const { environment, secrets: names } = database.settings as { environment: Record<string, string>; secrets: Record<string, string> };
        // Or it is in a file, whose path is the variable's value.
        return ["MARIADB", "MYSQL"].map(prefix => `${prefix}_${key}`).map(variable => environment[variable] ?? secrets[names[variable]] ?? secrets[names[environment[`${variable}_FILE`]]])
            .find(value => value !== undefined);
    };
    const password = valueOf("PASSWORD");
    const hosts = [name, ...aliases];
    const host = `(?:${hosts.map(each => each.replace(/[^\w-]/g, "\\$&")).join("|")})`;
    const plain = new Map([...hosts.map(each => [each, "host"]), [valueOf("USER"), "user"], [valueOf("DATABASE"), "name"]].flatMap(([value, part]) => value ? [[value, part]] : []) as [string, string][]);
    for (const [each, { settings, node }] of Object.entries(converted)) {
        const talksTo = settings.talksTo as string[];
        settings.after = (settings.after as string[]).filter(other => other !== name);
        if (!talksTo.includes(name)) continue;
        settings.talksTo = talksTo.filter(other => other !== name);
        settings.database = true;
        const environment = settings.environment as Record<string, string>;
        const own = settings.secrets as Record<string, string>;
        for (const [key, value] of Object.entries(environment)) {
            const part = plain.get(value) ?? (new RegExp(`^${host}:3306$`).test(value) ? "host}:${database.port" : undefined);
            if (part !== undefined) environment[key] = `\${database.${part}}`;
        }
        for (const [key, secret] of Object.entries(own)) {
            const value = secrets[secret];
            if (value === undefined) continue;
            if (value === password) own[key] = "database.password";
            const scheme = new RegExp(`^([a-z][a-z0-9+.-]*)://[^@/]*@${host}(?::3306)?/[^?]*(.*)$`).exec(value);
            if (scheme === null) continue;
            environment[key] = `${scheme[1]}://\${database.user}:\${database.password}@\${database.host}:\${database.port}/\${database.name}${scheme[2]}`;
            delete own[key];
        }
        const [, address] = new RegExp(`((?:--host[= ]|-h ?|@|//)${host}(?![\\w.-])|(?<![\\w.-])${host}[: ]3306(?!\\d))`).exec(textsOf(settings, given[each])) ?? [];
        if (address !== undefined) {
            report.warn(node, `services.${each} has the address ${address.trim()} of the server that the stack's own database replaces, and nothing answers there. `
                + `Let it use DATABASE_HOST and DATABASE_PORT: change its command or its environment, here or in landfall:app.services.${each}.`);
        }
    }
}

/** Its command and its variables, or those that the settings `given` have instead: an address within other text stays there. */
function textsOf(settings: Record<string, unknown>, given: Record<string, unknown> = {}): string {
    const { command = [], args = [] } = { ...settings, ...given };
    const environment = { ...settings.environment as object, ...given.environment as object };
    return [[command, args].flat().join(" "), ...Object.values(environment)].join("\n");
}
