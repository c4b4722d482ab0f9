import { loadManifests, ManifestsWanted } from "../../components/platform/manifests";
import { provideManifests } from "../offline/kit/manifests";
import type { Log } from "../offline/kit/run";
import { UserError } from "./user-error";

/** Gets the manifests that the program pins: from where they are published, else from the Go modules' registry. */
export async function ensureManifests(wanted: ManifestsWanted, log: Log): Promise<void> {
    const unreachable = await loadManifests(wanted).then(() => undefined, (error: Error) => error);
    if (!unreachable) return;
    await provideManifests(log).catch((error: Error) => {
        throw new UserError(`${unreachable.message}\nNor could Go's module registry give it: ${error.message}`);
    });
}
