import * as z from "zod";
import { appSchema } from "./app";
import { clusterSchema } from "./cluster";
import { Context } from "./context";
import { environmentSchema } from "./environment";
import { mailHasLogin } from "./outside";
import { databaseHoldsConnections, needsRegistry, needsSharedClass, quotaHoldsApp } from "./together";
import { matching } from "./fields";
import { rule } from "./rule";

export { appSchema } from "./app";
export { clusterSchema } from "./cluster";
export { environmentSchema } from "./environment";

const made = new Map<string, ReturnType<typeof makeSchema>>();

/** Everything under `landfall:`. All defaults, limits and texts about a key are in its schema and nowhere else. */
export function settingsSchema(context: Context) {
    const key = JSON.stringify([context.stack, context.target]);
    const schema = made.get(key) ?? makeSchema(context);
    made.set(key, schema);
    return schema;
}

function makeSchema(context: Context) {
    const environment = environmentSchema(context);
    const sections = z.strictObject({
        cluster: clusterSchema(context).meta({
            description: "Where the cluster comes from.", example: { target: "kind", nodes: 2 },
        }),
        // Left out where it needs a host, it is the host's absence that is told.
        environment: environment.prefault({} as z.input<typeof environment>),
        app: appSchema().prefault({}),
        adminPassword: z.string().min(12).optional().meta({
            description: "Password of the site's first user; a Pulumi secret.",
            allowed: "a secret of at least 12 characters", defaultText: "generated", secret: true,
            change: "in place",
        }),
        mailPassword: matching("a secret on one line", /^[^\r\n]+$/).optional().meta({
            description: "Password of `landfall:app.mail.user` at the relay; a Pulumi secret.", secret: true, change: "in place",
        }),
    });
    const hosted = rule(sections, ["environment", "app"], quotaHoldsApp);
    const connected = rule(rule(hosted, ["app"], databaseHoldsConnections), ["app", "mailPassword"], mailHasLogin);
    return rule(rule(connected, ["cluster", "app"], needsRegistry), ["cluster", "app"], needsSharedClass);
}

/** The settings as plain data, complete with all defaults. */
export type PlainSettings = z.output<ReturnType<typeof settingsSchema>>;
