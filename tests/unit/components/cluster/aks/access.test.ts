import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as yaml from "yaml";
import { Cluster, createCluster } from "../../../../../components/cluster";
import { currentVersion } from "../../../../../components/cluster/aks/control-plane";
import { aksArgs, captureAks } from "../../../support/aks";
import "../../../support/cluster";

const identityTenant = "99999999-aaaa-bbbb-cccc-1234567890ab";
const newestKey = "https://lf-landfall.vault.azure.net/keys/secrets/newest";
const registry = "landfall.azurecr.io";
/** What AKS gives out for `format: exec`. */
const given = yaml.stringify({
    clusters: [{ name: "aks", cluster: {
        "server": "https://landfall-prod-x1.hcp.westeurope.azmk8s.io:443", "certificate-authority-data": "QVVUSE9SSVRZ",
    } }],
    users: [{ name: "user", user: { exec: { command: "kubelogin", args: ["get-token", "--login", "devicecode"] } } }],
});

let directory: string;
beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
    vi.stubEnv("LANDFALL_RENDER", undefined);
    // The cluster whose kubeconfig the mocks give out is none that could be looked at.
    vi.stubEnv("LANDFALL_PLACEHOLDERS", "1");
    vi.stubEnv("PATH", [directory, path.dirname(process.execPath)].join(path.delimiter));
});
afterEach(() => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
    fs.rmSync(directory, { recursive: true });
});

/** A kubelogin that records its arguments, and ends as the test says. */
function install(end: string): void {
    const file = path.join(directory, "kubelogin");
    const log = JSON.stringify(path.join(directory, "asked"));
    const write = `require("fs").writeFileSync(${log}, process.argv.slice(2).join(" "));`;
    fs.writeFileSync(file, `#!${process.execPath}\n${write}\n${end}\n`, { mode: 0o755 });
}

interface Run {
    cluster: Cluster;
    /** Type and inputs of what was registered, by name. */
    made: Record<string, { type: string; inputs: Record<string, unknown> }>;
    calls: { token: string; inputs: Record<string, unknown> }[];
}

/** As the engine tells of what Azure says. */
const failure = (code: string) => Object.assign(new Error(), { details: `Status=404 Code="${code}"` });

/** Runs the target as Pulumi's engine would, with what Azure answers about the cluster. */
async function run(current: object = failure("ResourceGroupNotFound")): Promise<Run> {
    const made: Run["made"] = {};
    const calls: Run["calls"] = [];
    await pulumi.runtime.setMocks({
        newResource({ type, name, inputs }) {
            made[name] = { type, inputs: inputs as Record<string, unknown> };
            const outputs = type.endsWith(":UserAssignedIdentity")
                ? { tenantId: identityTenant, principalId: name, clientId: name }
                : type.endsWith(":Registry") ? { loginServer: registry }
                : type.endsWith(":ManagedCluster") ? { resourceUID: "uid-1" } : {};
            return { id: `${name}-id`, state: { name, result: "a1b2c3", ...inputs as object, ...outputs } };
        },
        call({ token, inputs }) {
            calls.push({ token, inputs: inputs as Record<string, unknown> });
            if (token.endsWith(":getManagedCluster")) {
                if (current instanceof Error) throw current;
                return current;
            }
            if (token.endsWith(":getKey")) return { keyUriWithVersion: newestKey };
            if (token.endsWith(":getClientToken")) return { token: "directory-token" };
            return { kubeconfigs: [{ name: "clusterUser", value: Buffer.from(given).toString("base64") }] };
        },
    }, "landfall", "test");
    const cluster = createCluster(aksArgs);
    await pulumi.runtime.disconnect();
    return { cluster, made, calls };
}

function valueOf<T>(output: pulumi.Input<T>): Promise<T> {
    return new Promise(resolve => pulumi.output(output).apply(value => resolve(value as T)));
}

// Windows starts no scripts by their first line.
describe.skipIf(process.platform === "win32")("whoever runs the program", () => {
    const attempt = async (): Promise<string> => {
        const error = await captureAks({ name: `n${path.basename(directory).slice(-6).toLowerCase()}` })
            .catch((thrown: unknown) => thrown);
        expect(pulumi.RunError.isInstance(error)).toBe(true);
        return (error as Error).message;
    };

    test("without kubelogin learns where to get it, before anything is created", async () => {
        expect(await attempt()).toMatch(
            /"kubelogin" was not found on PATH.*\nInstall it: az aks install-cli.*\nNothing was changed/);
    });

    test("without a login learns how to log in, before anything is created", async () => {
        install("console.error('ERROR: Please run az login to setup account.'); process.exit(1)");
        expect(await attempt()).toMatch(
            /Please run az login.*\nLog in: az login; or.*AAD_LOGIN_METHOD.*\nNothing was changed/);
    });

    test("with a login gets a kubeconfig that is the same on every computer and holds no credentials", async () => {
        install("process.exit(0)");
        const { cluster, made } = await run();
        expect(fs.readFileSync(path.join(directory, "asked"), "utf8"))
            .toBe("get-token --login azurecli --server-id 6dae42f8-4368-4678-94ff-3960e28e3630");
        expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
        expect(JSON.parse(await valueOf(cluster.kubeconfig))).toMatchObject({
            clusters: [{ cluster: {
                "server": "https://landfall-prod-x1.hcp.westeurope.azmk8s.io:443",
                "certificate-authority-data": "QVVUSE9SSVRZ",
            } }],
            users: [{ user: { exec: {
                command: "kubelogin",
                args: ["get-token", "--login", "azurecli", "--server-id", "6dae42f8-4368-4678-94ff-3960e28e3630",
                    "--tenant-id", identityTenant],
            } } }],
        });
        expect(made["cluster-provider"].inputs.clusterIdentifier).toBe("uid-1");
    });
});

describe.skipIf(process.platform === "win32")("every run", () => {
    beforeEach(() => install("process.exit(0)"));

    test("gives the cluster the newest version of the key", async () => {
        const { made } = await run();
        expect(made["cluster-control-plane"].inputs.securityProfile).toMatchObject({
            azureKeyVaultKms: { keyId: newestKey },
        });
    });

    test("asks for a version that the cluster can take", async () => {
        const { made } = await run({ currentKubernetesVersion: "1.34.7" });
        expect(made["cluster-control-plane"].inputs.kubernetesVersion).toBe("1.35");
    });

    test("stops where Azure doesn't say which version there is, rather than take the cluster for a new one", async () => {
        await pulumi.runtime.setMocks({
            newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }),
            call: () => {
                throw failure("AuthorizationFailed");
            },
        });
        await expect(currentVersion("landfall-prod", {})).rejects.toThrow(
            /Azure didn't say which version the cluster "landfall-prod" has: .*AuthorizationFailed/);
    });

    test("pushes images by a login that the registry gives for that of the directory", async () => {
        const asked = vi.fn(async () => new Response(JSON.stringify({ refresh_token: "for three hours" })));
        vi.stubGlobal("fetch", asked);
        const { cluster, calls } = await run();
        // Who brings images of their own needs no login.
        expect(asked).not.toHaveBeenCalled();
        const { images } = cluster.capabilities;
        if (images.method !== "push" || !images.credentials) throw new Error("no login");
        expect(await valueOf(images.credentials.password)).toBe("for three hours");
        expect(await pulumi.isSecret(images.credentials.password)).toBe(true);
        expect(calls.find(({ token }) => token.endsWith(":getClientToken"))?.inputs).toEqual({
            endpoint: "https://containerregistry.azure.net",
        });
        const [url, request] = asked.mock.calls[0] as unknown as [string, { body: URLSearchParams }];
        expect(url).toBe(`https://${registry}/oauth2/exchange`);
        expect(Object.fromEntries(request.body)).toEqual({
            grant_type: "access_token", service: registry, access_token: "directory-token",
        });
    });
});

test("nothing is asked of anyone where the program is only rendered", async () => {
    vi.stubEnv("LANDFALL_RENDER", "1");
    const { cluster, find } = await captureAks({});
    expect(find("cluster-provider").inputs.clusterIdentifier).toBe("uid:landfall-prod");
    expect(fs.existsSync(path.join(directory, "asked"))).toBe(false);
    expect(JSON.parse(await valueOf(cluster.kubeconfig))).toMatchObject({
        clusters: [{ cluster: { server: "https://kubernetes.invalid:443" } }],
    });
});
