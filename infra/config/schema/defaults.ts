import * as crypto from "node:crypto";
import type { Size } from "../sections/sizes";
import { isDnsLabel } from "./fields";

/** What defaults depend on, besides keys of the same object. */
export interface Context {
    /** Name of the stack, for example `dev`. */
    stack: string;
    /** Name of another program's project; its clusters are named after it. @default "landfall" */
    project?: string;
    /** The target, if it is valid. */
    target?: string;
    /** The environment's size. @default "medium" */
    size?: Size;
    /** The application's type. @default "wordpress" */
    app?: "services";
    /** Set if the stack has no environment. @default it has one */
    environment?: "none";
    /** Why people elsewhere can't reach the gateway, if the cluster's settings show that. */
    obstacle?: string;
}

/** Default name of a cluster: the project and the stack. */
export function clusterName({ project = "landfall", stack }: Context, longest: number): string {
    return toDnsLabel(`${project}-${stack}`, longest);
}

/**
 * A DNS label for any text, such as the name of a stack or branch. A label stays as it is. Anything else is converted
 * and gets six digits of its hash, so `feature_x` and `feature-x` remain different.
 */
export function toDnsLabel(text: string, longest = 63): string {
    if (isDnsLabel(text, longest)) {
        return text;
    }
    const hash = crypto.createHash("sha256").update(text).digest("hex").slice(0, 6);
    const readable = text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-/, "").slice(0, longest - 7);
    return `${readable.replace(/-+$/, "")}-${hash}`.replace(/^-/, "");
}
