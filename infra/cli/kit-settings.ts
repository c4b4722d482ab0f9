import * as yaml from "yaml";

const key = "landfall:cluster";

/**
 * A stack's configuration with the settings of the kit, for this run alone: the file itself names what an open network
 * has. What the user has chosen stays.
 */
export function withKitSettings(configuration: string, settings: Record<string, string | string[]>): string {
    const document = yaml.parseDocument(configuration);
    for (const [name, value] of Object.entries(settings)) {
        if (!document.hasIn(["config", key, name])) document.setIn(["config", key, name], document.createNode(value));
    }
    return document.toString({ lineWidth: 0 });
}
