import type { PlainSettings, WordPressSettings } from "../../config";
import { UserError } from "../terminal/errors";

/** WordPress's settings. @throws UserError for a stack of services, on which this command has nothing to do */
export function wordPressOf({ app }: Pick<PlainSettings, "app">, stack: string, command: string): WordPressSettings {
    if (app.type === "wordpress") return app;
    throw new UserError(
        `npm run ${command} is only for WordPress, and the stack "${stack}" runs services (landfall:app.type): `
            + `${Object.keys(app.services).join(", ")}. Nothing was changed.`,
    );
}
