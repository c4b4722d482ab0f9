import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { Capabilities, type LoadBalancing } from "../../../../../components/cluster";
import { loadManifests, Platform } from "../../../../../components/platform";
import { captureProgram, Registered } from "../../../../../infra/cli/capture";
import { isSecret } from "../../../../../infra/values";
import { Manifest, object, objects, PodSpec, pods } from "../../../support/program";

const namespace = "landfall-load-balancer";
const addressPool = ["198.18.40.100-198.18.40.110", "198.18.40.128/28"];
const machines: Capabilities = {
    loadBalancing: {
        type: "LoadBalancer", drainSeconds: 10, seesClients: true, addressPool,
        annotations: { "metallb.io/loadBalancerIPs": "198.18.40.100" },
    },
    metrics: "builtin",
    kubeletInsecureTls: true,
    apiServerPorts: [6443],
    networkPolicy: "enforced",
    images: { method: "load", script: "load.mjs", environment: {} },
};

async function run(capabilities: Capabilities): Promise<Registered[]> {
    const manifests = await loadManifests({ metallb: true });
    const { resources } = await captureProgram({
        stack: "test",
        config: {},
        program: async () => {
            const provider = new kubernetes.Provider("provider", { kubeconfig: "{}" });
            const cluster = { kubeconfig: pulumi.secret("{}"), provider, capabilities };
            return new Platform("platform", { cluster, manifests, hosts: ["www.example.com"] }).outputs;
        },
    });
    return resources;
}

let resources: Registered[];
beforeAll(async () => {
    resources = await run(machines);
});

const podOf = (owner: string): PodSpec => {
    const found = pods(resources).find(pod => pod.owner === owner);
    if (!found) throw new Error(`There is no ${owner}.`);
    return found.spec;
};
const before = (kind: string, name: string): string[] => {
    const found = resources.find(({ inputs }) =>
        inputs.kind === kind && (inputs as unknown as Manifest).metadata.name === name);
    return resources.filter(({ urn }) => found?.dependsOn.includes(urn)).map(({ name: own }) => own);
};

describe("a pool of addresses", () => {
    it("is handed out by MetalLB and announced to the neighbours", () => {
        expect(objects(resources, "IPAddressPool").map(({ metadata, spec }) => [metadata.namespace, spec.addresses]))
            .toEqual([[namespace, addressPool]]);
        expect(objects(resources, "L2Advertisement").map(({ metadata, spec }) => [metadata.namespace, spec.ipAddressPools]))
            .toEqual([[namespace, [objects(resources, "IPAddressPool")[0].metadata.name]]]);
        expect(objects(resources, "BGPPeer")).toEqual([]);
    });

    it("has every kind defined that MetalLB watches, before anything that needs it", () => {
        const kinds = objects(resources, "CustomResourceDefinition").map(({ metadata }) => metadata.name)
            .filter(name => name.endsWith(".metallb.io"));
        expect(kinds).toHaveLength(9);
        for (const [kind, name] of [["IPAddressPool", "default"], ["Deployment", "metallb-controller"],
            ["DaemonSet", "metallb-speaker"]]) {
            expect(before(kind, name)).toEqual(expect.arrayContaining(kinds));
        }
    });

    it("waits for no webhook, as there is none", () => {
        expect(podOf("Deployment/metallb-controller").containers[0].args).toContain("--webhook-mode=disabled");
        const hooks = objects(resources, "ValidatingWebhookConfiguration").map(({ metadata }) => metadata.name);
        expect(hooks.filter(name => name.includes("metallb"))).toEqual([]);
        const conversions = objects<Manifest & { spec: { conversion?: object } }>(resources, "CustomResourceDefinition")
            .filter(({ metadata, spec }) => metadata.name.endsWith(".metallb.io") && spec.conversion);
        expect(conversions).toEqual([]);
    });

    it("serves the gateway's class and no other", async () => {
        const { loadBalancing } = machines;
        const own = await run({ ...machines, loadBalancing: { ...loadBalancing, loadBalancerClass: "example.com/own" } as LoadBalancing });
        expect(object(own, "Service", "envoy").spec.loadBalancerClass).toBe("example.com/own");
        const args = (all: Registered[]) => pods(all).filter(({ owner }) => owner.includes("metallb"))
            .map(({ spec }) => spec.containers[0].args?.filter(arg => arg.startsWith("--lb-class")));
        expect(args(own)).toEqual([["--lb-class=example.com/own"], ["--lb-class=example.com/own"]]);
        expect(args(resources)).toEqual([[], []]);
    });

    it("is nothing that a cluster without one pays for", async () => {
        const without = await run({ ...machines, loadBalancing: { type: "LoadBalancer", drainSeconds: 10, seesClients: true } });
        expect(JSON.stringify(without.map(({ inputs }) => inputs))).not.toContain("metallb");
    });

    it("gives the gateway its address, which the visitor's survives", () => {
        const { metadata, spec } = object(resources, "Service", "envoy");
        expect(metadata.annotations).toEqual({ "metallb.io/loadBalancerIPs": "198.18.40.100" });
        expect(spec).toMatchObject({ type: "LoadBalancer", externalTrafficPolicy: "Local" });
    });
});

describe("MetalLB", () => {
    it("has one controller, which is a restricted pod that talks to the API server only", () => {
        const { spec } = object(resources, "Deployment", "metallb-controller");
        expect(spec.replicas).toBe(1);
        const pod = podOf("Deployment/metallb-controller");
        expect(pod.hostNetwork).toBeUndefined();
        expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
        expect(pod.containers[0].securityContext).toEqual({
            allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, capabilities: { drop: ["ALL"] },
        });
        const policies = objects(resources, "NetworkPolicy").filter(policy => policy.metadata.namespace === namespace);
        expect(policies.map(policy => policy.metadata.name).sort())
            .toEqual(["allow-dns", "deny-all", "metallb-controller-to-api-server"]);
        expect(object(resources, "NetworkPolicy", "metallb-controller-to-api-server").spec.egress)
            .toEqual([{ ports: [{ port: 443, protocol: "TCP" }, { port: 6443, protocol: "TCP" }] }]);
    });

    it("has a speaker on every node, which may open raw sockets and nothing more", () => {
        const pod = podOf("DaemonSet/metallb-speaker");
        expect(pod).toMatchObject({ hostNetwork: true, tolerations: [{ operator: "Exists", effect: "NoSchedule" }] });
        expect(pod.hostPID).toBeUndefined();
        expect(pod.volumes?.filter(({ hostPath }) => hostPath)).toEqual([]);
        expect(pod.securityContext).toEqual({ seccompProfile: { type: "RuntimeDefault" } });
        expect(pod.containers[0].securityContext).toEqual({
            allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsUser: 0,
            capabilities: { drop: ["ALL"], add: ["NET_RAW"] },
        });
    });

    it("also answers from the control plane, where that is all there is", () => {
        expect(podOf("DaemonSet/metallb-speaker").containers[0].args).toContain("--ignore-exclude-lb");
    });

    it("hides what its speakers say to each other by a key that nobody reads", () => {
        const secret = resources.find(({ type, name }) => type === "kubernetes:core/v1:Secret" && name === "metallb-speaker");
        expect(isSecret(secret?.marked.stringData)).toBe(true);
        const key = resources.find(({ type, name }) => type.endsWith("RandomPassword") && name === "metallb-speaker-key");
        expect(key?.inputs).toMatchObject({ length: 32, special: false });
    });

    it("may do what it needs by name, writes no Secret and no definition, and only Services' status outside", () => {
        type Role = Manifest & { rules: { resources: string[]; verbs: string[]; apiGroups: string[] }[] };
        const own = (kind: string) => objects<Role>(resources, kind).filter(({ metadata }) => /metallb/.test(metadata.name));
        expect([own("Role").length, own("ClusterRole").length]).toEqual([2, 2]);
        const reads = new Set(["get", "list", "watch"]);
        const written = (roles: Role[]) => roles.flatMap(({ rules }) => rules)
            .filter(({ verbs }) => verbs.some(verb => !reads.has(verb))).flatMap(rule => rule.resources);
        expect([...new Set(written(own("ClusterRole")))].sort()).toEqual(["events", "services/status"]);
        expect(written(own("Role"))).not.toContain("secrets");
        for (const { resources: kinds, verbs, apiGroups } of [...own("Role"), ...own("ClusterRole")].flatMap(({ rules }) => rules)) {
            expect([...kinds, ...verbs, ...apiGroups]).not.toContain("*");
        }
        const secrets = own("ClusterRole").flatMap(({ rules }) => rules).filter(rule => rule.resources.includes("secrets"));
        expect(secrets).toEqual([]);
    });
});
