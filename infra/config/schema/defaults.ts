import * as crypto from "node:crypto";
import { isDnsLabel } from "./fields";

/** What defaults may depend on, besides the keys of their own object. */
export interface Context {
    /** Name of the stack, for example `dev`. */
    stack: string;
    /** Name of another program's project; its clusters are named after it. @default "landfall" */
    project?: string;
    /** The target, where it is known by the time the other keys are read. */
    target?: string;
    /** What keeps people elsewhere from the gateway, where the cluster's settings show it. */
    obstacle?: string;
}

/** Default name of a cluster: the project and the stack. */
export function clusterName({ project = "landfall", stack }: Context, longest: number): string {
    return toDnsLabel(`${project}-${stack}`, longest);
}

/**
 * A DNS label for any text, such as a stack's or a branch's name. What is a label stays as it is; anything else is
 * made one and gets six digits of its hash, so that `feature_x` and `feature-x` stay two names.
 */
export function toDnsLabel(text: string, longest = 63): string {
    if (isDnsLabel(text, longest)) {
        return text;
    }
    const hash = crypto.createHash("sha256").update(text).digest("hex").slice(0, 6);
    const readable = text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-/, "").slice(0, longest - 7);
    return `${readable.replace(/-+$/, "")}-${hash}`.replace(/^-/, "");
}
