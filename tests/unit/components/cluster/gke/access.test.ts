import "tsx/cjs"; // createCluster loads the target by `require`
import * as pulumi from "@pulumi/pulumi";
import type { MockCallArgs, MockResourceArgs } from "@pulumi/pulumi/runtime";
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Cluster, createCluster } from "../../../../../components/cluster";
import type * as ControlPlane from "../../../../../components/cluster/gke/control-plane";
import { gkeArgs, gkeTypes } from "../../../support/gke";

const plugin = "gke-gcloud-auth-plugin";
const token = "ya29.short-lived";

let directory: string;
beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
    vi.stubEnv("LANDFALL_RENDER", undefined);
    vi.stubEnv("LANDFALL_PLACEHOLDERS", "1");
    vi.stubEnv("PATH", directory);
});
afterEach(() => {
    vi.unstubAllEnvs();
    fs.rmSync(directory, { recursive: true });
});

/** Puts a program in the plugin's place. */
function writePlugin(body: string): void {
    fs.writeFileSync(path.join(directory, plugin), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

/** What Google answers. */
interface Google {
    /** Version of the cluster that is there; undefined where there is none. */
    version?: string;
    /** What looking for it ends with, in place of an answer. */
    error?: string;
    /** What is left out of the cluster's state. */
    without?: "endpoint";
}

const notFound = "projects/acme-test/locations/europe-west3/clusters/landfall-test not found";

/** Makes the cluster against a Google that answers so; returns what was registered, when all of it was. */
async function run({ version, error = notFound, without }: Google = {}) {
    const resources: MockResourceArgs[] = [];
    const calls: string[] = [];
    await pulumi.runtime.setMocks({
        newResource: args => {
            resources.push(args);
            const known = args.type === gkeTypes.cluster ? clusterState(without) : {};
            return { id: `${args.name}-id`, state: { ...args.inputs, ...known, hex: "0a1b2c" } };
        },
        call: ({ token: called, inputs }: MockCallArgs) => {
            calls.push(called);
            if (called.endsWith(":getProject")) return { ...inputs, number: "123456789012" };
            if (called.endsWith(":getClientConfig")) return { ...inputs, accessToken: token };
            // The SDK reads the details of gRPC's errors.
            if (version === undefined) throw Object.assign(new Error(error), { details: error });
            return { ...inputs, masterVersion: version };
        },
    }, "landfall", "test", false, "organization");
    const cluster: Cluster = createCluster(gkeArgs);
    const identifier = await value(cluster.provider.id.apply(() => cluster.provider.urn));
    const find = (name: string): MockResourceArgs => resources.find(one => one.name === name) as MockResourceArgs;
    return { cluster, calls, resources, find, identifier };
}

function clusterState(without?: "endpoint"): object {
    const endpoint = without === "endpoint" ? undefined : "gke-5f0e.europe-west3.gke.goog";
    return {
        endpoint: "203.0.113.7",
        masterVersion: "1.35.3-gke.1234",
        masterAuth: { clusterCaCertificate: "Q0E=" },
        controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint, allowExternalTraffic: false } },
    };
}

function value<T>(output: pulumi.Output<T>): Promise<T> {
    const { promise } = output as unknown as { promise(): Promise<T> };
    return promise.call(output);
}

describe.skipIf(process.platform === "win32")("a cluster of GKE", () => {
    describe("before anything is registered", () => {
        test.each<[string, string | undefined, RegExp]>([
            ["the plugin is missing", undefined, /"gke-gcloud-auth-plugin" was not found on PATH.*gcloud components install/s],
            ["nobody is logged in", "echo 'could not find default credentials' >&2; exit 1",
                /did not succeed: could not find default credentials\nLog in: gcloud auth application-default login/],
        ])("says so where %s", async (_, body, message) => {
            if (body !== undefined) writePlugin(body);
            const registered: string[] = [];
            await pulumi.runtime.setMocks({
                newResource: ({ name, inputs }) => {
                    registered.push(name);
                    return { id: name, state: inputs as object };
                },
                call: ({ inputs }) => inputs as object,
            });
            expect(() => createCluster(gkeArgs)).toThrow(message);
            expect(registered).toEqual([]);
        });

        test("never prints the token that the plugin gets", async () => {
            writePlugin(`echo '{"status":{"token":"${token}"}}'; echo failed >&2; exit 1`);
            await pulumi.runtime.setMocks({ newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) });
            expect(() => createCluster(gkeArgs)).toThrow(expect.objectContaining({
                message: expect.not.stringContaining(token) as string,
            }));
        });
    });

    test("is reached at its public address by a token of whoever asks, and holds none itself", async () => {
        writePlugin("exit 0");
        const { cluster } = await run();
        expect(await pulumi.isSecret(cluster.kubeconfig)).toBe(true);
        const text = await value(cluster.kubeconfig);
        expect(JSON.parse(text)).toMatchObject({
            clusters: [{ cluster: { server: "https://203.0.113.7", "certificate-authority-data": "Q0E=" } }],
            users: [{ user: { exec: { command: plugin, args: ["--use_application_default_credentials"] } } }],
        });
        expect(text).not.toContain(token);
    });

    test("is distinguished from another of the same name by the DNS name that GKE gives once", async () => {
        writePlugin("exit 0");
        const { find } = await run();
        expect(find("cluster-provider").inputs.clusterIdentifier).toBe("gke-5f0e.europe-west3.gke.goog");
    });

    test("takes images by a login that lasts an hour and is secret", async () => {
        writePlugin("exit 0");
        const { cluster } = await run();
        const { images } = cluster.capabilities;
        if (images.method !== "push" || !images.credentials) throw new Error("Images are not pushed.");
        expect(await value(pulumi.output(images.registry))).toBe("europe-west3-docker.pkg.dev/acme-test/landfall-test");
        expect(await value(pulumi.output(images.disposable))).toBe("europe-west3-docker.pkg.dev/acme-test/landfall-test-disposable");
        expect(images.credentials.username).toBe("oauth2accesstoken");
        expect(await value(images.credentials.password)).toBe(token);
        expect(await pulumi.isSecret(images.credentials.password)).toBe(true);
    });

    test("names Google's accounts by the project's number, and gives nodes the control plane's version", async () => {
        writePlugin("exit 0");
        const { find } = await run();
        expect(find("cluster-key-secrets-container").inputs.member).toBe(
            "serviceAccount:service-123456789012@container-engine-robot.iam.gserviceaccount.com");
        expect(find("cluster-pool-general").inputs.version).toBe("1.35.3-gke.1234");
    });

    test("is not taken for missing where Google doesn't let one look", async () => {
        await pulumi.runtime.setMocks({
            newResource: ({ name }) => ({ id: name, state: {} }),
            call: () => {
                throw Object.assign(new Error(), { details: "Permission container.clusters.get denied" });
            },
        });
        const load = createRequire(__filename);
        const { lookUpVersion } = load("../../../../../components/cluster/gke/control-plane") as typeof ControlPlane;
        await expect(lookUpVersion(gkeArgs, {})).rejects.toThrow(
            /Google Cloud didn't say which version the cluster "landfall-test" has: Permission/);
    });

    test.each<[string, Google]>([
        ["there is none", {}],
        ["the service was never enabled", { error: "Kubernetes Engine API has not been used in project 1 before" }],
        ["it is a minor version behind", { version: "1.34.9-gke.100" }],
        ["it was patched by GKE", { version: "1.35.9-gke.100" }],
    ])("is asked for its version where %s", async (_, google) => {
        writePlugin("exit 0");
        const { find } = await run(google);
        expect(find("cluster-gke").inputs.minMasterVersion).toBe("1.35");
    });
});
