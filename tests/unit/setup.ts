import { loadManifests } from "../../components/platform";
import { provideManifests } from "../../infra/offline/kit/manifests";

/** The program needs the pinned manifests; on a closed network they come from the package registries. */
export default async function setup(): Promise<void> {
    await loadManifests({ metallb: true }).catch(async (offline: Error) => {
        await provideManifests(() => undefined).catch((closed: Error) => {
            throw new Error(`${offline.message}\n${closed.message}`);
        });
    });
}
