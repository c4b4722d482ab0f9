import * as yaml from "yaml";
import { loadManifests, ManifestsWanted } from "../../../components/platform/manifests";
import { provideManifests } from "../../offline/kit/manifests";
import type { Log } from "../../offline/kit/run";
import { UserError } from "../terminal/errors";

const keys = ["landfall:cluster", "landfall:config:cluster", "cluster"];

/**
 * A stack's configuration with the kit's settings, for this run only: the file itself names what an open network
 * has. Settings in the file take precedence.
 */
export function withKitSettings(configuration: string, settings: Record<string, string | string[]>): string {
    // This schema keeps numbers as they are written.
    const document = yaml.parseDocument(configuration, { schema: "failsafe" });
    const key = keys.find(name => document.hasIn(["config", name])) ?? keys[0];
    const cluster = document.getIn(["config", key], true);
    if (yaml.isAlias(cluster)) document.setIn(["config", key], copy(cluster.resolve(document)));
    for (const [name, value] of Object.entries(settings)) {
        if (!document.hasIn(["config", key, name])) document.setIn(["config", key, name], document.createNode(value));
    }
    return document.toString({ lineWidth: 0 });
}

/** A copy of an alias's target without its anchor, so that a change doesn't affect the other places. */
function copy(node: yaml.Node | undefined): yaml.Node | undefined {
    const copied = node?.clone() as yaml.YAMLMap | undefined;
    delete copied?.anchor;
    return copied;
}

/** Gets the manifests that the program pins: from their projects, else from the Go module registry. */
export async function ensureManifests(wanted: ManifestsWanted, log: Log): Promise<void> {
    const unreachable = await loadManifests(wanted).then(() => undefined, (error: Error) => error);
    if (!unreachable) return;
    await provideManifests(log).catch((error: Error) => {
        throw new UserError(`${unreachable.message}\nThe Go module registry doesn't have it either: ${error.message}`);
    });
}
