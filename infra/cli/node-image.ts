import * as yaml from "yaml";

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
