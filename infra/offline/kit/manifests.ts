import * as fs from "node:fs";
import * as path from "node:path";
import { cachedManifest, keepManifest } from "../../../components/platform/manifests";
import { manifests, ManifestPin } from "../../../components/versions";
import { Log, run } from "./run";

/** Modules whose name isn't that of their repository. */
const moduleNames: Record<string, string> = {
    "github.com/kubernetes-sigs/gateway-api": "sigs.k8s.io/gateway-api",
    "github.com/metallb/metallb": "go.universe.tf/metallb",
};

/**
 * Puts the pinned manifests into the cache, from the Go modules of the same projects: the files are
 * identical, and checked against the same digests.
 */
export async function provideManifests(log: Log): Promise<void> {
    for (const pin of Object.values<readonly ManifestPin[]>(manifests).flat()) {
        if (!fs.existsSync(cachedManifest(pin))) {
            const { module, file } = moduleOf(pin);
            log(`… ${path.basename(file)} from the Go module ${module}`);
            const { Dir } = JSON.parse(await run("go", ["mod", "download", "-json", module])) as { Dir: string };
            keepManifest(pin, fs.readFileSync(path.join(Dir, file)), `${module} ${file}`);
        }
    }
}

/** `https://raw.githubusercontent.com/<owner>/<repository>/<tag>/<file>` as module and file. */
function moduleOf(pin: ManifestPin): { module: string; file: string } {
    const [owner, repository, tag, ...file] = new URL(pin.url).pathname.slice(1).split("/");
    const name = `github.com/${owner}/${repository}`;
    return { module: `${moduleNames[name] ?? name}@${tag}`, file: file.join("/") };
}
