import * as os from "node:os";
import * as path from "node:path";

/** The directory for files that can be downloaded or built again: `LANDFALL_CACHE`, or `landfall` in the user's cache. */
export function cacheDirectory(): string {
    const { LANDFALL_CACHE, LOCALAPPDATA, XDG_CACHE_HOME } = process.env;
    const ofUser = (process.platform === "win32" && LOCALAPPDATA) || XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
    return LANDFALL_CACHE ?? path.join(ofUser, "landfall");
}
