// Puts the manifests that a platform needs into the cache: a constructor can't wait, so it starts this.
import { useProxies } from "../proxy";
import { loadManifests, type ManifestsWanted } from "./manifests";

useProxies();
loadManifests(JSON.parse(process.env.WANTED ?? "{}") as ManifestsWanted).catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
});
