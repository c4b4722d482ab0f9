import * as fc from "fast-check";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Present } from "../../../../../components/cluster";
import { findPresent, type Needs } from "../../../../../components/cluster/present";
import { isKnown, knownText, knownVersions, type KnownSoftware } from "../../../../../components/known-versions";
import { imageTags, manifests } from "../../../../../components/versions";
import { runProgram } from "../../../../../infra/cli/capture/program";
import { ForeignSoftware } from "../../../fixtures/foreign";
import { KubernetesApi, kubeconfigFor, type Stored } from "../../../fixtures/kubernetes-api";

const api = new KubernetesApi();
const foreign = new ForeignSoftware(api);
const directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-present-"));
const kubeconfig = path.join(directory, "kubeconfig");

beforeAll(async () => fs.writeFileSync(kubeconfig, kubeconfigFor(await api.start())));
afterAll(async () => {
    await api.stop();
    fs.rmSync(directory, { recursive: true });
});
beforeEach(() => {
    api.reset();
    vi.unstubAllEnvs();
    vi.stubEnv("LANDFALL_RENDER", undefined);
});

interface Given extends Needs {
    /** What the stack's state lists. */
    state?: Stored[];
    preview?: boolean;
    file?: string;
    /** For how many seconds it waits. */
    seconds?: number;
}

/** What a program finds that waits for nothing. */
async function find({ state = [], preview = true, file = kubeconfig, seconds = 0, ...needs }: Given = {}): Promise<Present> {
    let found: Present | undefined;
    await runProgram({
        stack: "prod", config: {}, preview, program: async () => void (found = await findPresent({ kubeconfig: file }, needs, seconds)),
    }, {
        register: ({ name, inputs }) => ({ id: name, outputs: inputs }),
        read: id => ({ id, outputs: {} }),
        invoke: token => ({ outputs: token.endsWith("readStackOutputs") ? { address: "x" } : Object.fromEntries(state.map(({ metadata }, index) =>
            [`urn:pulumi:prod::landfall::kubernetes:x::${index}`, { outputs: { metadata: { uid: metadata.uid } } }])) }),
    });
    return found as Present;
}

/** Why it stops. */
const refusal = (given: Given = {}): Promise<string> => find(given).then(found => JSON.stringify(found), (error: Error) => error.message);

const kept = { annotations: { "landfall.dev/stack": "landfall/uat", "landfall.dev/kept-for": "landfall/uat" } };
const byPulumi = { managedFields: [{ manager: "pulumi-kubernetes-1", fieldsV1: { "f:spec": {} } }] };

function everything(): void {
    foreign.gatewayApi("v1.5.1");
    foreign.certManagerDefinitions("v1.18.2");
    foreign.controller("v1.18.2");
    foreign.metrics("registry.k8s.io/metrics-server/metrics-server:v0.8.0");
}

describe("what others installed", () => {
    it("is nothing in an empty cluster", async () => {
        expect(await find()).toEqual({});
    });

    it("is used, all of it", async () => {
        everything();
        expect(await find()).toEqual({
            gatewayApi: { version: "v1.5.1", id: expect.stringMatching(/^[0-9a-f]{16}$/) },
            certManager: { version: "v1.18.2", id: expect.stringMatching(/^[0-9a-f]{16}$/), solverResources: false, issuers: ["ca"] },
            metrics: { version: "v0.8.0" },
        });
    });

    it.each<[string, () => void, (keyof Present)[]]>([
        ["the Gateway API alone", () => foreign.gatewayApi("v1.2.1", "experimental"), ["gatewayApi"]],
        ["the Gateway API in both channels, of one version", () => foreign.gatewayApi("v1.4.0", "standard", { httproutes: { channel: "experimental" } }), ["gatewayApi"]],
        ["cert-manager alone", () => { foreign.certManagerDefinitions("v1.21.0"); foreign.controller("v1.21.0"); }, ["certManager"]],
        ["metrics alone", () => foreign.metrics("gke.gcr.io/metrics-server:v0.8.0-gke.3@sha256:abc"), ["metrics"]],
        ["metrics by something else", () => foreign.metrics("registry.k8s.io/prometheus-adapter/prometheus-adapter:v0.12.0"), ["metrics"]],
        ["metrics by a version that can't be read", () => foreign.metrics("registry.example.com/metrics-server@sha256:abc"), ["metrics"]],
        ["a cert-manager without labels", () => {
            foreign.certManagerDefinitions();
            foreign.controller("v1.20.2", { labels: {} });
        }, ["certManager"]],
        ["a cert-manager whose image has no tag", () => {
            foreign.certManagerDefinitions("v1.18.1");
            foreign.controller("", {
                image: "registry.example.com/cert-manager/jetstack-cert-manager-rhel9@sha256:abc",
                labels: { "app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller", "app.kubernetes.io/version": "v1.18.1" },
            });
        }, ["certManager"]],
        ["a cert-manager with the CRDs that an earlier destroy kept", () => {
            foreign.certManagerDefinitions(undefined, { ...kept, ...byPulumi });
            foreign.controller("v1.21.1");
        }, ["certManager"]],
        ["a Gateway API that was applied over what a destroy kept", () => {
            foreign.gatewayApi("v1.6.0", "standard", Object.fromEntries(["gatewayclasses", "gateways", "httproutes", "referencegrants"].map(kind => [kind, kept])));
        }, ["gatewayApi"]],
    ])("is used: %s", async (_, install, expected) => {
        install();
        const found = await find();
        expect(Object.keys(found).filter(key => found[key as keyof Present] !== undefined)).toEqual(expected);
    });

    it.each<[string, () => Stored[]]>([
        ["the state lists", () => [...foreign.certManagerDefinitions(), foreign.controller("v1.12.0"), ...foreign.gatewayApi("v1.0.0"), foreign.metrics("metrics-server:v0.3.0")]],
        ["the state lists, though someone installed another cert-manager later", () => {
            const own = foreign.certManagerDefinitions();
            foreign.controller("v1.12.0");
            return own;
        }],
    ])("is none of what %s", async (_, make) => {
        const state = make();
        expect(await find({ state })).toEqual({});
    });

    it("is none of what a destroy kept, or an interrupted run made", async () => {
        foreign.certManagerDefinitions(undefined, { ...kept, ...byPulumi });
        foreign.gatewayApi("v1.3.0").forEach(({ metadata }) => Object.assign(metadata, byPulumi, { annotations: { "landfall.dev/stack": "landfall/prod" } }));
        expect(await find()).toEqual({});
    });

    it("changes its identity when its CRDs are deleted and made again", async () => {
        everything();
        const first = await find();
        foreign.gatewayApi("v1.5.1");
        const second = await find();
        expect(second.gatewayApi?.id).not.toBe(first.gatewayApi?.id);
        expect(second.certManager).toEqual(first.certManager);
        expect(await find()).toEqual(second);
    });

    it("is waited for while it starts, and used once it runs", async () => {
        everything();
        const controller = foreign.controller("v1.18.2", { available: 0 });
        setTimeout(() => controller.status = { availableReplicas: 1 }, 500);
        expect((await find({ seconds: 10 })).certManager).toMatchObject({ version: "v1.18.2" });
    });

    it("isn't asked for where only rendering is wanted", async () => {
        everything();
        vi.stubEnv("LANDFALL_RENDER", "1");
        expect(await find()).toEqual({});
    });

    it("isn't known where the cluster doesn't answer: a preview goes on, an update stops", async () => {
        const file = path.join(directory, "nowhere");
        fs.writeFileSync(file, kubeconfigFor("http://127.0.0.1:1"));
        expect(await find({ file })).toEqual({});
        expect(await refusal({ file, preview: false })).toMatch(/^The cluster http:\/\/127\.0\.0\.1:1 could not be checked: .*Nothing was changed/s);
    });
});

describe("what can't be used is refused by name:", () => {
    const certManager = (version: string, more?: Parameters<ForeignSoftware["controller"]>[1]) => () => {
        foreign.certManagerDefinitions(version);
        foreign.controller(version, more);
    };

    it.each<[string, () => void, RegExp[], Needs?]>([
        ["an old cert-manager", certManager("v1.12.3"),
            [/cert-manager v1\.12\.3 \(Deployment cert-manager\/cert-manager, made by the Helm release certs in the namespace ops\)/, /known: {2}v1\.17 to v1\.21/]],
        ["a cert-manager of the future", certManager("v1.22.0"), [/v1\.22\.0 .*none of the versions/]],
        ["a cert-manager before its release", certManager("v1.21.0-beta.0"), [/v1\.21\.0-beta\.0 .*none of the versions/]],
        ["a cert-manager that doesn't say which", () => {
            foreign.certManagerDefinitions();
            foreign.controller("", { image: "example.com/cert-manager-controller@sha256:abc" });
        }, [/cert-manager of an unknown version/]],
        ["cert-manager's CRDs alone", () => foreign.certManagerDefinitions("v1.18.2"), [/no controller/, /certificates\.cert-manager\.io/, /made by helm/]],
        ["a cert-manager that is scaled to 0", certManager("v1.18.2", { available: 0 }), [/v1\.18\.2 .*isn't running/, /start it again/]],
        ["a cert-manager that lacks CRDs", () => foreign.controller("v1.18.2"), [/lacks the CRDs certificates\.cert-manager\.io/]],
        ["a cert-manager with CRDs of another", () => {
            foreign.certManagerDefinitions("v1.16.0");
            foreign.controller("v1.18.2");
        }, [/v1\.18\.2 .*has CRDs of v1\.16\.0/, /install the CRDs of v1\.18\.2/]],
        ["a cert-manager of one namespace", certManager("v1.18.2", { args: ["--namespace=shop"] }), [/only issues certificates in the namespace shop/]],
        ["a cert-manager whose CA would be good for any host", certManager("v1.18.2", { args: ["--feature-gates=A=true,NameConstraints=false"] }),
            [/feature gate NameConstraints off/, /tls\.issuer to acme/]],
        ["the same by its configuration file", certManager("v1.18.2", { config: { featureGates: { AllBeta: false } } }), [/feature gate NameConstraints off/]],
        ["the same by its webhook's own", () => {
            certManager("v1.18.2")();
            api.intercept = method => method === "POST" ? { code: 400, message: "spec.nameConstraints: Forbidden: feature gate NameConstraints must be enabled" } : undefined;
        }, [/feature gate NameConstraints off/]],
        ["a cert-manager that can't answer challenges", certManager("v1.20.0"), [/without support for the Gateway API/, /--enable-gateway-api/], { issuer: "acme" }],
        ["a webhook that doesn't answer", () => {
            certManager("v1.18.2")();
            api.intercept = method => method === "POST" ? { code: 500, message: "Internal error occurred: failed calling webhook \"webhook.cert-manager.io\"" } : undefined;
        }, [/v1\.18\.2 .*has a webhook that doesn't answer/]],
        ["CRDs without a field", () => {
            certManager("v1.18.2")();
            api.intercept = method => method === "POST" ? { code: 400, message: "strict decoding error: unknown field \"spec.nameConstraints\"" } : undefined;
        }, [/without a field that Landfall uses/]],
        ["an old Gateway API", () => foreign.gatewayApi("v1.1.0"), [/Gateway API v1\.1\.0 \(made by helm\) is none of the versions/, /known: {2}v1\.2 to v1\.6/]],
        ["a Gateway API that doesn't say which", () => foreign.gatewayApi("").forEach(({ metadata }) => metadata.annotations = {}), [/Gateway API of an unknown version/]],
        ["a Gateway API without ReferenceGrant", () => foreign.gatewayApi("v1.4.0", "standard", { referencegrants: undefined }),
            [/v1\.4\.0 .*is incomplete: it lacks referencegrants\.gateway\.networking\.k8s\.io/]],
        ["a mixed Gateway API", () => foreign.gatewayApi("v1.4.0", "standard", { gateways: { version: "v1.2.1", channel: "experimental" } }),
            [/is mixed: .*v1\.2\.1 of gateways/]],
        ["a Gateway API that the API doesn't serve", () => {
            foreign.gatewayApi("v1.4.0");
            api.kinds.delete("/apis/gateway.networking.k8s.io/v1beta1");
        }, [/doesn't serve referencegrants in v1beta1/]],
        ["an old metrics-server", () => foreign.metrics("k8s.gcr.io/metrics-server:v0.5.2"), [/metrics-server v0\.5\.2 .*none of the versions/, /builtin/]],
        ["a metrics-server that doesn't answer", () => foreign.metrics("metrics-server:v0.8.0", "False", "endpoints have no addresses"),
            [/doesn't answer: endpoints have no addresses/, /v1beta1\.metrics\.k8s\.io/]],
    ])("%s", async (_, install, expected, needs = {}) => {
        install();
        const message = await refusal(needs);
        expect(message).toMatch(/Nothing was changed in it/);
        for (const part of expected) expect(message).toMatch(part);
    });

    it("all of it at once", async () => {
        foreign.gatewayApi("v1.1.0");
        foreign.certManagerDefinitions("v1.12.0");
        foreign.controller("v1.12.0");
        foreign.metrics("metrics-server:v0.3.7");
        const message = await refusal();
        for (const name of ["Gateway API v1.1.0", "cert-manager v1.12.0", "metrics-server v0.3.7"]) expect(message).toContain(name);
    });
});

describe("settings decide", () => {
    it.each(["builtin", "install"] as const)("about metrics: with %s nobody looks", async metrics => {
        foreign.metrics("metrics-server:v0.1.0", "False");
        expect(await find({ metrics })).toEqual({});
    });

    it.each<[string, object]>([
        ["an argument", { args: ["--v=2", "--enable-gateway-api"] }],
        ["an argument with a value", { args: ["--enable-gateway-api=true"] }],
        ["its configuration file", { config: { enableGatewayAPI: true } }],
        ["its configuration file, as 1.21 has it", { config: { gatewayAPI: { enabled: true } } }],
    ])("which features of cert-manager are needed: challenges, enabled by %s", async (_, more) => {
        foreign.certManagerDefinitions("v1.21.1");
        foreign.controller("v1.21.1", { ...more });
        expect((await find({ issuer: "acme" })).certManager).toMatchObject({ version: "v1.21.1", solverResources: true });
    });

    it("and the stack's own CA needs none of an ACME server's, nor the other way around", async () => {
        foreign.certManagerDefinitions("v1.19.0");
        foreign.controller("v1.19.0", { args: ["--enable-gateway-api", "--feature-gates", "NameConstraints=false"] });
        expect((await find({ issuer: "acme" })).certManager).toMatchObject({ issuers: ["acme"] });
        expect(await refusal({ issuer: "ca" })).toMatch(/NameConstraints/);
    });

    it.each<[string, string[], string[]]>([
        ["both", ["--enable-gateway-api"], ["ca", "acme"]],
        ["the own CA's", [], ["ca"]],
        ["an ACME server's", ["--enable-gateway-api", "--feature-gates=NameConstraints=false"], ["acme"]],
    ])("and a stack without hosts takes what there is: %s", async (_, args, issuers) => {
        foreign.certManagerDefinitions("v1.19.0");
        foreign.controller("v1.19.0", { args });
        expect((await find({ issuer: "any" })).certManager).toMatchObject({ issuers });
    });

    it("but can't use one that can sign for nobody", async () => {
        foreign.certManagerDefinitions("v1.19.0");
        foreign.controller("v1.19.0", { args: ["--feature-gates=NameConstraints=false"] });
        expect(await refusal({ issuer: "any" })).toMatch(/NameConstraints/);
    });
});

describe("a known version", () => {
    const number = fc.integer({ min: 0, max: 40 });
    const software = fc.constantFrom<KnownSoftware[]>("certManager", "gatewayApi", "metricsServer");

    it("is one from the first minor to the last, whatever its patch and whatever a cloud appends", () => {
        fc.assert(fc.property(software, number, number, number, fc.constantFrom("", "-gke.3", "-eksbuild.1", "+k3s1"), (name, major, minor, patch, more) => {
            const [first, last] = Object.values(knownVersions[name]).map(version => version.slice(1).split(".").map(Number));
            const expected = major === first[0] && minor >= first[1] && minor <= last[1];
            expect(isKnown(name, `v${major}.${minor}.${patch}${more}`)).toBe(expected);
        }));
    });

    it("is never one before its release, nor what is no version", () => {
        fc.assert(fc.property(software, number, fc.constantFrom("alpha.0", "beta.1", "rc.2"), (name, minor, stage) => {
            expect(isKnown(name, `v1.${minor}.0-${stage}`)).toBe(false);
        }));
        fc.assert(fc.property(software, fc.string().filter(text => !/^v?\d+\.\d+/.test(text)), (name, text) => {
            expect(isKnown(name, text)).toBe(false);
        }));
    });

    it("is the one that Landfall installs", () => {
        const tag = (image: string): string => image.slice(image.lastIndexOf(":") + 1);
        expect(isKnown("certManager", tag(imageTags.certManagerController))).toBe(true);
        expect(isKnown("metricsServer", tag(imageTags.metricsServer))).toBe(true);
        expect(isKnown("gatewayApi", /gateway-api\/(v[\d.]+)\//.exec(manifests.gatewayApi[0].url)![1])).toBe(true);
    });

    it("is named where people look it up", () => {
        const readme = fs.readFileSync(path.resolve(__dirname, "../../../../../components/cluster/existing/README.md"), "utf8");
        for (const [name, software] of [["cert-manager", "certManager"], ["Gateway API", "gatewayApi"], ["metrics-server", "metricsServer"]] as const) {
            expect(readme).toContain(`| ${name} | ${knownText(software)} |`);
        }
    });
});
