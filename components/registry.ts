import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

export interface RegistryLogin {
    username: string;
    password: string;
}

/** The parts of an image's name in the API of registries. */
interface Place {
    host: string;
    repository: string;
    tag: string;
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
    const place = placeOf(image);
    const url = `${schemeOf(place.host)}://${place.host}/v2/${place.repository}/manifests/${place.tag}`;
    const ask = (authorization?: string) => request(url, {
        method: "HEAD", headers: { Accept: manifestTypes.join(", "), ...(authorization && { Authorization: authorization }) },
    });
    let response = await ask();
    if (response.status === 401) {
        response = await ask(await authorize(response.headers.get("www-authenticate") ?? "", place, login));
    }
    if (response.status === 404) return undefined;
    const digest = response.headers.get("docker-content-digest");
    if (!response.ok || !digest || !/^sha256:[0-9a-f]{64}$/.test(digest)) {
        throw new Error(`The registry ${place.host} doesn't say which digest ${image} has (HTTP ${response.status}).`);
    }
    return digest;
}

/** Like Docker, takes a name without a host for one on Docker Hub. */
function placeOf(image: string): Place {
    const [, name, tag] = /^(.+):([\w][\w.-]*)$/.exec(image) ?? [];
    if (name === undefined) throw new Error(`${image} has no tag.`);
    const [first, ...rest] = name.split("/");
    const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
    const host = hasHost ? first : "docker.io";
    const repository = hasHost ? rest.join("/") : name;
    if (host !== "docker.io") return { host, repository, tag };
    return { host: "registry-1.docker.io", repository: repository.includes("/") ? repository : `library/${repository}`, tag };
}

/** Like Docker, uses plain HTTP for registries on this computer. */
function schemeOf(host: string): string {
    return /^(localhost|127\.[\d.]+)(:\d+)?$/.test(host) ? "http" : "https";
}

/** Answers a registry's challenge with the login, or with a token that it issues, with or without a login. */
async function authorize(challenge: string, place: Place, given?: RegistryLogin): Promise<string | undefined> {
    const login = given ?? dockerLogin(place.host);
    const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
    if (!/^bearer /i.test(challenge)) return basic;
    const { realm, service } = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(match => [match[1], match[2]]));
    const url = new URL(realm);
    if (service) url.searchParams.set("service", service);
    url.searchParams.set("scope", `repository:${place.repository}:pull`);
    const response = await request(url.href, { headers: basic ? { Authorization: basic } : {} });
    if (!response.ok) throw new Error(`The registry ${place.host} refuses the login (HTTP ${response.status}).`);
    const { token, access_token: accessToken } = (await response.json()) as { token?: string; access_token?: string };
    return `Bearer ${token ?? accessToken}`;
}

/** The login that `docker login` stored, in Docker's own file or with a credential helper. */
function dockerLogin(host: string): RegistryLogin | undefined {
    const file = path.join(process.env.DOCKER_CONFIG ?? path.join(os.homedir(), ".docker"), "config.json");
    if (!fs.existsSync(file)) return undefined;
    const config = JSON.parse(fs.readFileSync(file, "utf8")) as {
        auths?: Record<string, { auth?: string }>; credHelpers?: Record<string, string>; credsStore?: string;
    };
    const key = host === "registry-1.docker.io" ? "https://index.docker.io/v1/" : host;
    const helper = config.credHelpers?.[key] ?? config.credsStore;
    if (helper) return fromHelper(helper, key);
    const [username, ...password] = Buffer.from(config.auths?.[key]?.auth ?? "", "base64").toString().split(":");
    return username ? { username, password: password.join(":") } : undefined;
}

function fromHelper(helper: string, key: string): RegistryLogin | undefined {
    const { status, stdout } = spawnSync(`docker-credential-${helper}`, ["get"], { input: key, encoding: "utf8", windowsHide: true });
    if (status !== 0) return undefined;
    const { Username: username, Secret: password } = JSON.parse(stdout) as { Username: string; Secret: string };
    return { username, password };
}

function request(url: string, options: RequestInit): Promise<Response> {
    return fetch(url, { ...options, signal: AbortSignal.timeout(timeout) }).catch((error: Error) => {
        throw new Error(`${new URL(url).host} can't be reached: ${String(error.cause ?? error.message)}`);
    });
}
