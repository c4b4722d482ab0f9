import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { Capabilities } from "../../../../components/cluster";
import { controllerAccounts } from "../../../../components/cluster/cluster";
import { loadManifests, Platform } from "../../../../components/platform";
import { ContainerImage, Environment } from "../../../../components/workload";
import { captureProgram, Registered } from "../../../../infra/cli/capture";
import { Manifest, object, objects, pods } from "../../support/program";

const cloud: Capabilities = {
    storageClass: "disks",
    sharedStorageClass: "files",
    storageClasses: [
        { name: "disks", provisioner: "disks.example.com", parameters: { encrypted: "true" }, isDefault: true },
        {
            name: "files", provisioner: "files.example.com", parameters: {}, mountOptions: ["noatime"],
            volumeBindingMode: "Immediate",
        },
    ],
    loadBalancing: {
        type: "LoadBalancer", drainSeconds: 65, seesClients: true,
        annotations: { "example.com/balancer": "internet" }, loadBalancerClass: "example.com/nlb",
    },
    metrics: "builtin",
    kubeletInsecureTls: false,
    apiServerPorts: [],
    dnsAddresses: ["198.18.0.10/32"],
    networkPolicy: "enforced",
    clusterAutoscaler: { args: ["--cloud-provider=example"], environment: { REGION: "x-1" } },
    externalDns: {
        args: ["--provider=example"],
        files: { "/etc/kubernetes/cloud.json": "{}" },
        serviceAccountAnnotations: { "example.com/identity": "dns" },
        podLabels: { "example.com/use": "true" },
    },
    images: {
        method: "push", registry: pulumi.output("registry.example.com/one"), naming: "tag",
        platform: "linux/amd64",
        credentials: { username: "pusher", password: pulumi.secret("short-lived") },
    },
};

async function run(capabilities: Capabilities): Promise<Registered[]> {
    const manifests = await loadManifests();
    const { resources } = await captureProgram({
        stack: "test",
        config: {},
        program: async () => {
            const provider = new kubernetes.Provider("provider", { kubeconfig: "{}" });
            const cluster = { kubeconfig: pulumi.secret("{}"), provider, capabilities };
            new Platform("platform", { cluster, manifests, hosts: ["www.example.com"] });
            const quota = { cpu: "1", memory: "1Gi", storage: "1Gi", pods: 1 };
            new Environment("environment", { cluster, namespace: "production", volumes: "delete", quota });
            new ContainerImage("web", { cluster, context: "infra/images/web" });
            return {};
        },
    });
    return resources;
}

let resources: Registered[];
beforeAll(async () => {
    resources = await run(cloud);
});

describe("on a cluster that brings drivers", () => {
    it("the classes are made as the target says, one of them the default", () => {
        const classes = objects<Record<string, unknown> & Manifest>(resources, "StorageClass");
        expect(classes.map(({ metadata, provisioner, parameters, mountOptions, volumeBindingMode }) => [
            metadata.name, provisioner, parameters, mountOptions, volumeBindingMode,
            metadata.annotations?.["storageclass.kubernetes.io/is-default-class"],
        ])).toEqual([
            ["disks", "disks.example.com", { encrypted: "true" }, undefined, "WaitForFirstConsumer", "true"],
            ["files", "files.example.com", {}, ["noatime"], "Immediate", "false"],
        ]);
    });

    it("the gateway's Service carries what the balancer's controller reads, and keeps the visitor's address", () => {
        const service = object(resources, "Service", "envoy");
        expect(service.metadata.annotations).toEqual({ "example.com/balancer": "internet" });
        expect(service.spec).toMatchObject({
            type: "LoadBalancer", loadBalancerClass: "example.com/nlb", externalTrafficPolicy: "Local",
        });
    });

    it("nothing is installed that it has already", () => {
        expect(objects(resources, "Deployment").map(({ metadata }) => metadata.name)).not.toContain("metrics-server");
    });
});

describe("a controller that acts in the cloud", () => {
    const names = ["cluster-autoscaler", "external-dns"];

    it.each(names)("%s is only there where the target asks for it", async name => {
        const has = (list: Registered[]) => objects(list, "Deployment").some(({ metadata }) => metadata.name === name);
        const without = await run({ ...cloud, clusterAutoscaler: undefined, externalDns: undefined });
        expect([has(resources), has(without)]).toEqual([true, false]);
    });

    it.each(Object.values(controllerAccounts))("$serviceAccount runs under the account that the cloud knows", identity => {
        const { spec, metadata } = object(resources, "Deployment", identity.serviceAccount);
        const pod = (spec.template as { spec: { serviceAccountName: string } }).spec;
        expect([metadata.namespace, pod.serviceAccountName]).toEqual([identity.namespace, identity.serviceAccount]);
    });

    it("gets what the target says, and what is the same everywhere", () => {
        const [autoscaler, dns] = names.map(name =>
            pods(resources).find(({ owner }) => owner === `Deployment/${name}`)?.spec.containers[0]);
        expect(autoscaler?.args).toContain("--cloud-provider=example");
        expect(autoscaler?.args).toContain("--balance-similar-node-groups");
        // A node that has done its work goes, and takes no request with it.
        expect(autoscaler?.args).toContain("--skip-nodes-with-local-storage=false");
        const grace = Number(autoscaler?.args?.map(arg => /^--max-graceful-termination-sec=(\d+)$/.exec(arg)?.[1]).find(Boolean));
        expect(grace).toBeGreaterThan(Math.max(...pods(resources).map(({ spec }) => spec.terminationGracePeriodSeconds ?? 30)));
        expect(dns?.args).toEqual(expect.arrayContaining(["--provider=example", "--txt-owner-id=landfall-test"]));
        // A note beside the top of a domain, such as a-example.com, would be in no zone; one below it is.
        expect(dns?.args?.find(arg => arg.startsWith("--txt-prefix="))).toMatch(/%\{record_type\}\.$/);
        expect(dns?.volumeMounts).toEqual([
            { name: "files", mountPath: "/etc/kubernetes/cloud.json", subPath: "cloud.json", readOnly: true },
        ]);
        const account = object(resources, "ServiceAccount", "external-dns");
        expect(account.metadata.annotations).toEqual({ "example.com/identity": "dns" });
    });

    it.each(names)("%s is a restricted pod that reads no secret of the cluster", name => {
        const pod = pods(resources).find(({ owner }) => owner === `Deployment/${name}`)?.spec;
        expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
        expect(pod?.containers[0].securityContext).toMatchObject({
            allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] },
        });
        const roles = [...objects<Manifest & { rules: { resources: string[]; verbs: string[] }[] }>(resources, "Role"),
            ...objects<Manifest & { rules: { resources: string[]; verbs: string[] }[] }>(resources, "ClusterRole")];
        const own = roles.filter(({ metadata }) => metadata.name.replace("landfall:", "") === name);
        expect(own.length).toBeGreaterThan(0);
        for (const { resources: kinds, verbs } of own.flatMap(({ rules }) => rules)) {
            expect([...kinds, ...verbs]).not.toContain("*");
            expect(kinds).not.toContain("secrets");
        }
    });

    it.each(names)("%s may talk to HTTPS anywhere and to what gives it an identity, and nobody to it", name => {
        const { spec } = object(resources, "NetworkPolicy", `${name}-traffic`);
        expect(spec.policyTypes).toEqual(["Egress"]);
        expect(spec.egress).toEqual([
            { ports: [{ port: 443, protocol: "TCP" }] },
            {
                to: [{ ipBlock: { cidr: "169.254.0.0/16" } }],
                ports: [{ port: 80, protocol: "TCP" }, { port: 988, protocol: "TCP" }],
            },
        ]);
    });
});

it("DNS is open at the addresses where it is no pod, in every namespace of ours", () => {
    const policies = objects(resources, "NetworkPolicy").filter(({ metadata }) => metadata.name === "allow-dns");
    expect(policies.map(({ metadata }) => metadata.namespace).sort())
        .toEqual([
            "landfall-autoscaler", "landfall-certificates", "landfall-dns", "landfall-gateway", "production",
        ]);
    for (const { spec } of policies) {
        const [{ to }] = spec.egress as { to: object[] }[];
        expect(to).toContainEqual({ ipBlock: { cidr: "198.18.0.10/32" } });
    }
});

describe("an image", () => {
    const pushOf = (list: Registered[]) => list.find(({ name }) => name === "web-push") as Registered;

    it("goes to a registry of one repository under its own tags, by a login that stays secret", () => {
        const { inputs, secrets } = pushOf(resources);
        const environment = inputs.environment as Record<string, string>;
        expect(environment.IMAGE).toMatch(/^registry\.example\.com\/one:web-\d{4}-\d{2}-\d{2}-[0-9a-f]{12}-amd64$/);
        expect(environment).toMatchObject({ REGISTRY_USER: "pusher", REGISTRY_PASSWORD: "short-lived" });
        expect(secrets.map(String).join()).toContain("PASSWORD");
        expect(JSON.parse(environment.BUILD)).toMatchObject({ platform: "linux/amd64" });
        expect(inputs.triggers).toEqual([environment.IMAGE]);
    });

    it("goes to a repository of its own elsewhere, by the login of this computer", async () => {
        const images = { method: "push", registry: "ghcr.io/example" } as const;
        const { inputs } = pushOf(await run({ ...cloud, images }));
        const environment = inputs.environment as Record<string, string>;
        expect(environment.IMAGE).toMatch(/^ghcr\.io\/example\/web:\d{4}-\d{2}-\d{2}-[0-9a-f]{12}$/);
        expect(Object.keys(environment).sort()).toEqual(["BUILD", "IMAGE"]);
    });
});
