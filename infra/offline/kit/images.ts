import * as fs from "node:fs";
import * as path from "node:path";
import { cacheDirectory } from "../../../components/cache";
import { Log, run, step, succeeds } from "./run";

/**
 * Makes sure that the Docker daemon has an image: it already has it, or it comes from the cache, or `make` builds
 * it and the cache keeps it.
 */
export async function ensureImage(log: Log, tag: string, make: () => Promise<void>): Promise<string> {
    if (await succeeds("docker", ["image", "inspect", tag])) return tag;
    const archive = path.join(cacheDirectory(), "kit", "images", `${tag.replace(/[/:]/g, "_")}.tar`);
    if (fs.existsSync(archive)) {
        await step(log, `load ${tag} from the cache`, () => run("docker", ["load", "--input", archive]));
        return tag;
    }
    await make();
    await step(log, `save ${tag} in the cache`, () => saveImages([tag], archive));
    return tag;
}

/** Writes images of the daemon into one archive. */
export async function saveImages(tags: string[], archive: string): Promise<void> {
    fs.mkdirSync(path.dirname(archive), { recursive: true });
    const unfinished = `${archive}.${process.pid}.tmp`;
    try {
        await run("docker", ["save", "--output", unfinished, ...tags]);
        fs.renameSync(unfinished, archive);
    } finally {
        fs.rmSync(unfinished, { force: true });
    }
}

/** `docker build` with the classic builder, which needs no plugin, and the machine's proxy, if any. */
export async function dockerBuild(tag: string, context: string, buildArgs: string[] = []): Promise<void> {
    const proxies = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
    const args = [...buildArgs, ...proxies.filter(name => process.env[name])].flatMap(arg => ["--build-arg", arg]);
    await run("docker", ["build", "--quiet", "--tag", tag, ...args, context], { env: { DOCKER_BUILDKIT: "0" } });
}
