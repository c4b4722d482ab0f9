import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

export interface RegistryLogin {
    username: string;
    password: string;
    /** An identity token, which the registry's token service takes instead of a password. */
    identity?: string;
}

/** A repository in the API of registries. */
interface Repository {
    host: string;
    repository: string;
}

const manifestTypes = [
    "application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json",
];
const timeout = 20_000;

/**
 * Asks a registry for the digest of `name:tag`. Without `login`, those that `docker login` stored on this computer are used.
 *
 * @returns undefined if the registry has no such tag
 * @throws if the registry can't be reached or refuses access
 */
export async function digestOf(image: string, login?: RegistryLogin): Promise<string | undefined> {
    const [, name, tag] = /^(.+):([\w][\w.-]*)$/.exec(image) ?? [];
    if (name === undefined) throw new Error(`${image} has no tag.`);
    const place = repositoryOf(name);
    const response = await ask(place, `manifests/${tag}`, "HEAD", login);
    if (response.status === 404) return undefined;
    const digest = response.headers.get("docker-content-digest");
    if (!response.ok || !digest || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
        throw new Error(`The registry ${place.host} doesn't say which digest ${image} has (HTTP ${response.status}).`);
    }
    return digest;
}

/**
 * All tags of a repository, such as `ghcr.io/example/web`; none if the registry doesn't have it.
 * @throws if the registry can't be reached or refuses access
 */
export async function tagsOf(name: string): Promise<string[]> {
    const place = repositoryOf(name);
    const tags: string[] = [];
    for (let next: string | undefined = "tags/list"; next !== undefined;) {
        const response: Response = await ask(place, next, "GET");
        if (response.status === 404) return [];
        if (!response.ok) throw new Error(`The registry ${place.host} doesn't list the tags of ${name} (HTTP ${response.status}).`);
        tags.push(...((await response.json()) as { tags?: string[] | null }).tags ?? []);
        const [, query] = /\/tags\/list(\?[^>]*)>;\s*rel="?next"?/.exec(response.headers.get("link") ?? "") ?? [];
        next = query && `tags/list${query}`;
    }
    return tags;
}

/** The manifest of `reference`, a tag or digest, and those of all platforms that it lists. */
export async function digestsOf(name: string, reference: string): Promise<string[]> {
    const digest = reference.startsWith("sha256:") ? reference : await digestOf(`${name}:${reference}`);
    if (digest === undefined) return [];
    const response = await ask(repositoryOf(name), `manifests/${digest}`, "GET");
    const { manifests = [] } = response.ok ? (await response.json()) as { manifests?: { digest: string }[] } : {};
    return [digest, ...manifests.map(each => each.digest)];
}

/**
 * Deletes a manifest of a repository by its digest, or a tag of it. One that isn't there counts as deleted.
 * @throws if the registry can't be reached or refuses
 */
export async function deleteManifest(name: string, reference: string): Promise<void> {
    const place = repositoryOf(name);
    const response = await ask(place, `manifests/${reference}`, "DELETE");
    if (!response.ok && response.status !== 404) throw new Error(`The registry ${place.host} refuses to delete them (HTTP ${response.status}).`);
}

/** Sends a request to a registry. If that wants a login, sends it again with one. */
async function ask(place: Repository, path: string, method: "GET" | "HEAD" | "DELETE", login?: RegistryLogin): Promise<Response> {
    const send = (authorization?: string) => request(`${schemeOf(place.host)}://${place.host}/v2/${place.repository}/${path}`, {
        method, headers: { Accept: manifestTypes.join(", "), ...(authorization && { Authorization: authorization }) },
    });
    const response = await send();
    if (response.status !== 401) return response;
    return send(await authorize(response.headers.get("www-authenticate") ?? "", place, login));
}

/** Like Docker, takes a name without a host for one on Docker Hub. */
function repositoryOf(name: string): Repository {
    const [first, ...rest] = name.split("/");
    const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
    const host = hasHost ? first : "docker.io";
    const repository = hasHost ? rest.join("/") : name;
    if (host !== "docker.io") return { host, repository };
    return { host: "registry-1.docker.io", repository: repository.includes("/") ? repository : `library/${repository}` };
}

/** Like Docker, uses plain HTTP for registries on this computer. */
function schemeOf(host: string): string {
    return /^(localhost|127\.[\d.]+)(:\d+)?$/.test(host) ? "http" : "https";
}

/** Answers a registry's challenge with the login, or with a token that it issues, with or without a login. */
async function authorize(challenge: string, place: Repository, given?: RegistryLogin): Promise<string | undefined> {
    const login = given ?? dockerLogin(place.host);
    const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
    if (!/^bearer /i.test(challenge)) return basic;
    const { realm, service, scope = `repository:${place.repository}:pull` } = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(match => [match[1], match[2]]));
    const parameters = new URLSearchParams({ ...(service && { service }), scope });
    const response = login?.identity === undefined
        ? await request(`${realm}?${parameters.toString()}`, { headers: basic ? { Authorization: basic } : {} })
        : await request(realm, { method: "POST", body: new URLSearchParams([
            ["grant_type", "refresh_token"], ["client_id", "landfall"], ["refresh_token", login.identity], ...parameters,
        ]) });
    if (!response.ok) throw new Error(`The registry ${place.host} refuses the login (HTTP ${response.status}).`);
    const { token, access_token: accessToken } = (await response.json()) as { token?: string; access_token?: string };
    return `Bearer ${token ?? accessToken}`;
}

/** The login that `docker login` stored, in Docker's own file or with a credential helper. */
function dockerLogin(host: string): RegistryLogin | undefined {
    const file = path.join(process.env.DOCKER_CONFIG ?? path.join(os.homedir(), ".docker"), "config.json");
    if (!fs.existsSync(file)) return undefined;
    const config = JSON.parse(fs.readFileSync(file, "utf8")) as {
        auths?: Record<string, { auth?: string; identitytoken?: string }>; credHelpers?: Record<string, string>; credsStore?: string;
    };
    const key = host === "registry-1.docker.io" ? "https://index.docker.io/v1/" : host;
    const helper = config.credHelpers?.[key] ?? config.credsStore;
    if (helper) return fromHelper(helper, key);
    const [username, ...password] = Buffer.from(config.auths?.[key]?.auth ?? "", "base64").toString().split(":");
    const identity = config.auths?.[key]?.identitytoken;
    return username || identity ? { username, password: password.join(":"), identity } : undefined;
}

function fromHelper(helper: string, key: string): RegistryLogin | undefined {
    const { status, stdout } = spawnSync(`docker-credential-${helper}`, ["get"], { input: key, encoding: "utf8", windowsHide: true });
    if (status !== 0) return undefined;
    const { Username: username, Secret: password } = JSON.parse(stdout) as { Username: string; Secret: string };
    // Credential helpers mark an identity token by this name.
    return { username, password, ...(username === "<token>" && { identity: password }) };
}

function request(url: string, options: RequestInit): Promise<Response> {
    return fetch(url, { ...options, signal: AbortSignal.timeout(timeout) }).catch((error: Error) => {
        throw new Error(`${new URL(url).host} can't be reached: ${String(error.cause ?? error.message)}`);
    });
}
