import * as z from "zod";
import { appSchema, type WordPressSettings } from "../sections/app";
import { secretName, servicesSchema, type ServicesSettings } from "../sections/services";
import { aliasesLeadToOne } from "../sections/service-aliases";
import { activatorHasItsName, areConsistent, exposesOne, hasServices } from "../sections/services-together";
import { environmentSchema } from "../sections/environment";
import { gatewaySchema } from "../sections/gateway";
import { logsSchema } from "../sections/logs";
import { mailHasLogin } from "../sections/outside";
import { promotionSchema } from "../sections/promotion";
import { completeQuota, quotaHoldsApp } from "../sections/quota";
import { hasClasses, needsSharedClass } from "../sections/storage-classes";
import { databaseHoldsConnections, hasOwnPlatform, needsRegistry, wordPressHasOneAddress } from "../sections/together";
import { clusterSchema } from "../targets";
import { Context } from "./defaults";
import { byName, text } from "./fields";
import { platformSchema } from "./platform";
import { rule } from "./rule";
import { lineVerdict } from "./verdicts";

export { appSchema } from "../sections/app";
export { environmentSchema } from "../sections/environment";

const made = new Map<string, ReturnType<typeof makeSchema>>();

/** Everything under `landfall:`, with an environment or without. */
export function schemaOf(context: Context): z.ZodObject {
    return context.environment === undefined ? settingsSchema(context) : platformSchema(context);
}

/** Everything under `landfall:` in a stack with an environment. All defaults, limits and texts about a key are in its schema and nowhere else. */
export function settingsSchema(context: Context) {
    const key = JSON.stringify([context.stack, context.project, context.target, context.app, context.size, context.obstacle]);
    const schema = made.get(key) ?? makeSchema(context);
    made.set(key, schema);
    return schema;
}

function makeSchema(context: Context) {
    const environment = environmentSchema(context);
    const sections = z.strictObject({
        cluster: clusterSchema(context).meta({
            description: "Where the cluster comes from.", example: { target: "kind", nodes: 2 }, shared: false,
        }),
        // If it requires a host that is missing, only the host is reported.
        environment: environment.prefault({} as z.input<typeof environment>),
        app: context.app === "services" ? servicesSchema(context.size) : appSchema(context.size).prefault({}),
        logs: logsSchema(context).prefault({}),
        gateway: gatewaySchema().prefault({}),
        promotion: promotionSchema(),
        adminPassword: text("a secret of 12 to 4096 characters on one line, no space at its ends", given =>
            given.length >= 12 && lineVerdict(given, 4096) === true && given.trim() === given).optional().meta({
            description: "Password of the site's first user, as a Pulumi secret.", defaultText: "generated", secret: true,
            change: "in place", shared: false,
        }),
        mailPassword: text("a secret of 1 to 4096 characters on one line", given =>
            given !== "" && lineVerdict(given, 4096) === true).optional().meta({
            description: "Password of `landfall:app.mail.user` at the relay, as a Pulumi secret.", secret: true, change: "in place",
            shared: false,
        }),
        secrets: byName("1 to 100 letters, digits, \"_\" and \"-\", beginning with a letter", secretName, "apiKey", z.string().min(1).meta({
            description: "A secret of the services.", allowed: "a secret text, not empty", secret: true, change: "in place",
        })).prefault({}).meta({
            description: "Secrets of `landfall:app.services`, by name, as Pulumi secrets.", example: {}, defaultText: "none", change: "in place",
            shared: false,
        }),
    });
    const named = rule(sections, ["environment", "app"], wordPressHasOneAddress);
    const hosted = rule(named, ["environment", "app"], quotaHoldsApp);
    const connected = rule(rule(hosted, ["app"], databaseHoldsConnections), ["app", "mailPassword"], given => mailHasLogin({ ...given, app: given.app.type === "wordpress" ? given.app : {} }));
    const classes = rule(rule(connected, ["cluster", "app"], needsSharedClass), ["cluster", "app", "logs"], hasClasses);
    const delivered = rule(rule(classes, ["cluster", "app", "environment"], needsRegistry), ["cluster", "logs", "gateway"], hasOwnPlatform);
    const exposing = rule(rule(delivered, ["app"], hasServices), ["app"], exposesOne);
    const distinct = rule(rule(exposing, ["app", "environment"], activatorHasItsName), ["app", "environment"], aliasesLeadToOne);
    return rule(distinct, ["app", "secrets"], areConsistent);
}

/** The settings of either type of application. */
export type AppSettings = WordPressSettings | ServicesSettings;

/** The settings as plain data, with all defaults. */
export interface PlainSettings extends Omit<Parsed, "environment"> {
    environment: Omit<Parsed["environment"], "quota"> & { quota: ReturnType<typeof completeQuota> };
}

type Parsed = z.output<ReturnType<typeof settingsSchema>>;

/** Adds the defaults that follow from other sections. */
export function completeSettings(parsed: Parsed): PlainSettings {
    const { environment, app } = parsed;
    return { ...parsed, environment: { ...environment, quota: completeQuota(environment.quota, app, environment.sleepAfter !== undefined) } };
}
