import * as yaml from "yaml";
import type { StackConfig } from "./stack-config";

const key = "landfall:cluster";

/**
 * A stack's configuration with the kit's node image, for this run alone: the file itself names what an open network
 * has. An image that the user has chosen stays.
 */
export function withNodeImage(configuration: string, image: string): string {
    const document = yaml.parseDocument(configuration);
    if (!document.hasIn(["config", key, "image"])) document.setIn(["config", key, "image"], image);
    return document.toString({ lineWidth: 0 });
}

/** The same for a configuration that was read already. */
export function withNodeImageRead({ config, ...rest }: StackConfig, image: string): StackConfig {
    const cluster = { image, ...(JSON.parse(config[key]) as object) };
    return { ...rest, config: { ...config, [key]: JSON.stringify(cluster) } };
}
