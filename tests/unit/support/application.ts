import type { PlainSettings, ServicesSettings, WordPressSettings } from "../../../infra/config";

/** WordPress's settings of a stack that runs it. */
export function wordPress({ app }: Pick<PlainSettings, "app">): WordPressSettings {
    if (app.type !== "wordpress") throw new Error(`the stack runs ${app.type}`);
    return app;
}

/** The services' settings of a stack that runs them. */
export function services({ app }: Pick<PlainSettings, "app">): ServicesSettings {
    if (app.type !== "services") throw new Error(`the stack runs ${app.type}`);
    return app;
}
