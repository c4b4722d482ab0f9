// Builds an image, or takes one that exists, and pushes it, unless the registry has its tag already: a registry with immutable tags accepts each tag
// once, and a killed run may have pushed it. Prints its reference by digest.
import { spawnSync, SpawnSyncReturns } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { proxyVariables, useProxies } from "../proxy";
import { digestOf, RegistryLogin } from "../registry";
import type { Build } from "./image";

/** What to build, or the name of an image that this computer's Docker has. */
interface Origin {
    build: Build;
    source?: string;
    /** Another name, under which other environments push the same image: if the registry has it, it is used. */
    shared?: string;
}

async function provideImage(image: string, { build, source, shared }: Origin, login?: RegistryLogin): Promise<string> {
    const found = (name: string) => digestOf(name, login).catch((error: Error) => {
        // Docker may have its own certificate or proxy for the registry.
        process.stderr.write(`Whether the tag is there already isn't known: ${error.message}\n`);
        return undefined;
    });
    const ofOthers = shared && await found(shared);
    if (ofOthers) return `${shared}@${ofOthers}`;
    const own = await found(image);
    return `${image}@${own ?? pushed(image, { build, source }, login)}`;
}

/** Builds and pushes the image; returns its digest. */
function pushed(image: string, { build, source }: Origin, login?: RegistryLogin): string {
    if (source !== undefined) docker(["image", "tag", source, image]);
    else buildImage(image, build);
    pushImage(image, login);
    const digests = JSON.parse(docker(["image", "inspect", "--format", "{{json .RepoDigests}}", image])) as string[];
    // The registry has it now. Another stack's build may still use it.
    attempt(["image", "rm", image]);
    // Docker omits the name of its own registry.
    const own = digests.map(entry => entry.split("@")).find(([name]) => image.slice(0, image.lastIndexOf(":")).endsWith(name));
    if (own === undefined) throw new Error(`Docker has pushed ${image} and doesn't know its digest.`);
    return own[1];
}

function buildImage(image: string, { context, dockerfile, platform, args, target }: Build): void {
    // Docker's newer builder is a plugin that not every installation has.
    const newer = process.env.DOCKER_BUILDKIT !== "0" && attempt(["buildx", "version"]).status === 0;
    docker([
        "build", "--tag", image, "--file", dockerfile, ...(platform === undefined ? [] : ["--platform", platform]),
        ...(target === undefined ? [] : ["--target", target]),
        ...Object.entries(args).flatMap(([key, value]) => ["--build-arg", `${key}=${value}`]),
        // Without a value, Docker reads it from the environment, so a proxy's login is on no command line.
        ...Object.keys(proxyVariables()).flatMap(key => ["--build-arg", key]), context,
    ], { DOCKER_BUILDKIT: newer ? "1" : "0" });
}

/** Pushes with this login, kept in a temporary directory; without one, with the login that `docker login` has stored. */
function pushImage(image: string, login?: RegistryLogin): void {
    if (login === undefined) return void docker(["push", image]);
    const daemon = docker(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]).trim();
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-push-"));
    try {
        const auth = Buffer.from(`${login.username}:${login.password}`).toString("base64");
        const config = JSON.stringify({ auths: { [image.split("/")[0]]: { auth } } });
        fs.writeFileSync(path.join(directory, "config.json"), config, { mode: 0o600 });
        docker(["push", image], { DOCKER_CONFIG: directory, DOCKER_HOST: daemon });
    } finally {
        fs.rmSync(directory, { recursive: true, force: true });
    }
}

/** Runs Docker and returns its output. An error contains the end of the output. */
function docker(args: string[], env?: NodeJS.ProcessEnv): string {
    const { status, stdout, stderr, error } = attempt(args, env);
    if (status === 0) return stdout;
    if (error) throw new Error(`Docker could not be run: ${error.message}`);
    throw new Error(`docker ${args[0]} failed.\n${`${stdout}${stderr}`.trimEnd().split("\n").slice(-30).join("\n")}`);
}

function attempt(args: string[], env?: NodeJS.ProcessEnv): SpawnSyncReturns<string> {
    // Pulumi passes the stack's passphrase and settings to its commands; child processes must not inherit them.
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("PULUMI_"));
    return spawnSync("docker", args, {
        encoding: "utf8", env: { ...Object.fromEntries(own), ...env }, maxBuffer: 64 * 1024 * 1024, windowsHide: true,
    });
}

/** Reads the login and removes it from the environment, so child processes don't inherit it. */
function readLogin(): RegistryLogin | undefined {
    const { REGISTRY_USER: username, REGISTRY_PASSWORD: password } = process.env;
    delete process.env.REGISTRY_PASSWORD;
    return username !== undefined && password !== undefined ? { username, password } : undefined;
}

useProxies();
const { IMAGE = "", BUILD = "{}", SOURCE, SHARED_IMAGE } = process.env;
provideImage(IMAGE, { build: JSON.parse(BUILD) as Build, source: SOURCE, shared: SHARED_IMAGE }, readLogin()).then(
    reference => process.stdout.write(reference),
    (error: Error) => {
        process.stderr.write(`${error.message}\n`);
        process.exitCode = 1;
    },
);
