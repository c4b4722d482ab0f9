import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as yaml from "yaml";
import { Capabilities, LoadBalancing } from "../../../../../components/cluster";
import { defaultTraffic, loadManifests, Platform, Traffic } from "../../../../../components/platform";
import { gatewayLimits } from "../../../../../components/platform/gateway/limits";
import { captureProgram, Registered } from "../../../../../infra/cli/capture";
import { requestTimes } from "../../../../../components/workload/limits";
import { Container, object, objects, PodSpec, pods, runStack } from "../../../support/program";

const anyTraffic: fc.Arbitrary<Traffic> = fc.record({
    times: fc.record({
        requestSeconds: fc.integer({ min: 1, max: 3600 }),
        largestTransfer: fc.integer({ min: 1, max: 2 ** 32 }),
    }).map(requestTimes),
    pods: fc.integer({ min: 1, max: 1250 }),
    requests: fc.integer({ min: 1, max: 100_000 }),
});

describe("the gateway's limits", () => {
    it("let everything pass that is behind it, whatever that is", () => {
        const [anyDrain, anyNodes] = [fc.integer({ min: 5, max: 300 }), fc.integer({ min: 1, max: 7 })];
        fc.assert(fc.property(anyTraffic, anyDrain, anyNodes, (traffic, drain, nodes) => {
            const limits = gatewayLimits(traffic, drain, nodes);
            expect(limits.requests).toBeGreaterThanOrEqual(traffic.requests);
            // A proxy that stops outlives whoever still sends to it, and then the longest that it may have begun.
            expect(limits.graceSeconds).toBeGreaterThan(drain + traffic.times.answer + traffic.times.transfer);
            // Idle connections end before those that wait for them are given up.
            expect(limits.graceSeconds).toBeGreaterThan(drain + limits.idleSeconds);
            expect(limits.replicas.min).toBeGreaterThanOrEqual(Math.max(2, nodes));
            expect(limits.replicas.max).toBeGreaterThanOrEqual(limits.replicas.min);
        }));
    });

    it("leave a proxy's memory enough for all the connections that it takes", () => {
        const { connections } = gatewayLimits(defaultTraffic, 5);
        expect(connections * 2 * (64 + 24)).toBeLessThanOrEqual(1024 * 1024 / 2);
        expect(connections).toBeGreaterThanOrEqual(1024);
    });

    it("grow with the pods", () => {
        const most = (count: number) => gatewayLimits({ ...defaultTraffic, pods: count }, 5).replicas.max;
        expect([most(1), most(13), most(38), most(125)]).toEqual([2, 7, 19, 63]);
    });
});

const times = requestTimes({ requestSeconds: 40, largestTransfer: 32 << 20 });
const traffic: Traffic = { times, pods: 38, requests: 5000 };

async function run(loadBalancing: LoadBalancing, clientConnections?: number): Promise<Registered[]> {
    const manifests = await loadManifests();
    const capabilities: Capabilities = {
        loadBalancing, metrics: "builtin", kubeletInsecureTls: false, apiServerPorts: [], networkPolicy: "enforced",
        images: { method: "load", script: "load.mjs", environment: {} },
    };
    const { resources } = await captureProgram({
        stack: "test",
        config: {},
        program: async () => {
            const provider = new kubernetes.Provider("provider", { kubeconfig: "{}" });
            const cluster = { kubeconfig: pulumi.secret("{}"), provider, capabilities };
            new Platform("platform", { cluster, manifests, hosts: ["www.example.com"], traffic, clientConnections });
            return {};
        },
    });
    return resources;
}

const podOf = (resources: Registered[], name: string): { annotations: Record<string, string>; spec: PodSpec } =>
    pods(resources).find(({ owner }) => owner === `Deployment/${name}`) as ReturnType<typeof podOf>;
const argument = ({ args = [] }: Container, name: string): string => args[args.indexOf(name) + 1];

interface Configuration {
    timeouts: Record<string, string>;
    cluster: { "circuit-breakers": Record<string, number> };
    listener: Record<string, number>;
    network: Record<string, number>;
    "json-fields": string[];
}
const configuration = (resources: Registered[]): Configuration =>
    JSON.parse(object<{ data: Record<string, string> }>(resources, "ConfigMap", "contour-2").data["contour.yaml"]) as Configuration;

interface Listener {
    name: string;
    address: { socket_address: { address: string; port_value: number } };
    filter_chains: { name?: string; filters: { typed_config: { max_connections?: number } }[] }[];
    filter_chain_matcher?: { matcher_list: { matchers: object[] } };
}
interface ProxyConfiguration {
    overload_manager: { resource_monitors: { typed_config: { max_heap_size_bytes: number } }[]; actions: { name: string; typed_config?: object }[] };
    static_resources: { listeners: Listener[] };
}
const proxyText = (resources: Registered[]): string =>
    object<{ data: Record<string, string> }>(resources, "ConfigMap", "envoy").data["envoy.yaml"];
const proxyConfiguration = (resources: Registered[]) => yaml.parse(proxyText(resources), { maxAliasCount: -1 }) as ProxyConfiguration;

describe("a gateway", () => {
    const balancer: LoadBalancing = { type: "LoadBalancer", drainSeconds: 65, seesClients: true };
    let resources: Registered[];
    beforeAll(async () => {
        resources = await run(balancer);
    });

    it("has the time that its traffic takes", () => {
        expect(configuration(resources).timeouts).toMatchObject({
            "request-timeout": `${times.reception}s`, "stream-idle-timeout": `${times.idle}s`,
        });
    });

    it("refuses nothing that the pods behind it can hold", () => {
        const breakers = configuration(resources).cluster["circuit-breakers"];
        expect(breakers).toEqual({
            "max-connections": 5000, "max-pending-requests": 5000, "max-requests": 5000, "max-retries": 5000,
        });
    });

    it("reads new settings: a change to them rolls the controller", async () => {
        const other = await run({ ...balancer, drainSeconds: 5, seesClients: true });
        const more = await runStack("dev");
        const checksum = (from: Registered[]) => podOf(from, "contour-2").annotations["landfall.dev/config"];
        expect(checksum(resources)).toBe(checksum(other));
        expect(checksum(resources)).not.toBe(checksum(more));
    });

    it("believes no address that a client gives itself", () => {
        expect(configuration(resources).network).toEqual({ "num-trusted-hops": 0 });
    });

    it("logs no query string and no header by which people are known", () => {
        const fields = configuration(resources)["json-fields"];
        expect(fields.filter(field => /%REQ\(|%RESP\(|^path$/.test(field))).toEqual([]);
        expect(fields).toContain("path=%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH):1024%");
        expect(fields.join()).not.toMatch(/cookie|authorization|referer/i);
    });

    it("goes on as before while clients still find it, then has time for its last ones", () => {
        const { spec } = podOf(resources, "envoy");
        const manager = spec.containers.find(({ name }) => name === "shutdown-manager");
        expect(JSON.stringify(manager?.lifecycle?.preStop)).toContain("--drain-delay=65s");
        expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(65 + times.drain);
        const [proxy] = spec.containers;
        expect(Number(argument(proxy, "--drain-time-s"))).toBeGreaterThanOrEqual(times.drain);
    });

    it("replaces a proxy only after the load balancer can have found the next", () => {
        expect(object(resources, "Deployment", "envoy").spec).toMatchObject({
            minReadySeconds: 65, strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        });
    });

    it("grows with what is behind it, and shrinks again", () => {
        const autoscaler = object(resources, "HorizontalPodAutoscaler", "envoy");
        expect(autoscaler.spec).toMatchObject({
            scaleTargetRef: { kind: "Deployment", name: "envoy" }, minReplicas: 2, maxReplicas: 19,
        });
        // Else each run would undo what the autoscaler has done.
        expect(object(resources, "Deployment", "envoy").spec.replicas).toBeUndefined();
    });

    it.each(["envoy", "contour-2", "cert-manager-webhook"])("has pods of %s in several zones, which keep no node from being drained if they never get ready", name => {
        const [{ podAffinityTerm }] = podOf(resources, name).spec.affinity?.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution ?? [];
        expect(podAffinityTerm).toMatchObject({ topologyKey: "topology.kubernetes.io/zone", labelSelector: { matchLabels: { "app.kubernetes.io/name": name } } });
        expect(object(resources, "PodDisruptionBudget", name).spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" });
    });

    it("is as patient with its programs as a busy node needs", () => {
        type Probe = { timeoutSeconds?: number; periodSeconds: number; failureThreshold?: number };
        const probesOf = (name: string) => podOf(resources, name).spec.containers[0] as Record<"livenessProbe" | "readinessProbe", Probe>;
        for (const name of ["envoy", "contour-2", "cert-manager", "cert-manager-webhook"]) {
            const { periodSeconds, failureThreshold = 3, timeoutSeconds = 1 } = probesOf(name).livenessProbe;
            expect(periodSeconds * failureThreshold, name).toBeGreaterThanOrEqual(60);
            expect(timeoutSeconds, name).toBeGreaterThanOrEqual(10);
        }
        // What makes one proxy slow makes all of them slow.
        expect(probesOf("envoy").readinessProbe.timeoutSeconds).toBeGreaterThan(1);
    });

    it("gives up connections before its memory ends", () => {
        const { overload_manager: manager } = proxyConfiguration(resources);
        const { typed_config: timers } = manager.actions.find(({ name }) => name === "envoy.overload_actions.reduce_timeouts") ?? {};
        expect(timers).toMatchObject({ timer_scale_factors: [{ timer: "HTTP_DOWNSTREAM_CONNECTION_IDLE", min_timeout: "10s" }] });
        expect(manager.resource_monitors[0].typed_config.max_heap_size_bytes).toBeLessThan(1024 * 2 ** 20);
        expect(manager.actions.map(({ name }) => name)).toContain("envoy.overload_actions.stop_accepting_connections");
    });
});

describe("connections of one client address", () => {
    const balancer: LoadBalancing = { type: "LoadBalancer", drainSeconds: 65, seesClients: true };
    const limits = (resources: Registered[]) => proxyConfiguration(resources).static_resources.listeners.map(listener =>
        [...new Set(listener.filter_chains.map(({ filters }) => filters[0].typed_config.max_connections))]);
    let resources: Registered[];
    beforeAll(async () => {
        resources = await run(balancer);
    });

    it("are a part of all that a proxy takes, and enough for an office", () => {
        const { connections, clientConnections } = gatewayLimits(defaultTraffic, 5);
        expect(limits(resources)).toEqual([[clientConnections], [clientConnections]]);
        expect(clientConnections).toBeLessThanOrEqual(connections / 8);
        expect(clientConnections).toBeGreaterThanOrEqual(50 * 6);
    });

    it("are as many as the settings say, but never more than a proxy takes", async () => {
        expect(limits(await run(balancer, 100))).toEqual([[100], [100]]);
        expect(gatewayLimits(defaultTraffic, 5, 1, 1e6).clientConnections).toBe(gatewayLimits(defaultTraffic, 5).connections);
    });

    it("are all where nobody can tell clients apart", async () => {
        const { connections } = gatewayLimits(defaultTraffic, 5);
        expect(limits(await run({ ...balancer, seesClients: false }))).toEqual([[connections], [connections]]);
        expect(limits(await run({ ...balancer, seesClients: false }, 100))).toEqual([[100], [100]]);
    });

    it("are counted in chains of which each address belongs to one", () => {
        for (const { filter_chains: chains, filter_chain_matcher: matcher } of proxyConfiguration(resources).static_resources.listeners) {
            const named = JSON.stringify(matcher).match(/"value":"\d+"/g)?.map(value => value.replace(/\D/g, ""));
            expect(named?.sort()).toEqual(chains.map(({ name }) => name).sort());
            expect(new Set(named).size).toBe(chains.length);
        }
    });

    it("are limited on every way in: the controller's own listeners are only reached from within", () => {
        const listeners = proxyConfiguration(resources).static_resources.listeners.map(({ address }) => address.socket_address);
        expect(listeners).toEqual([8080, 8443].map(port => ({ address: "0.0.0.0", port_value: port })));
        const { args } = podOf(resources, "contour-2").spec.containers[0];
        expect(args).toEqual(expect.arrayContaining([
            "--envoy-service-http-address=127.0.0.2", "--envoy-service-https-address=127.0.0.2", "--use-proxy-protocol",
        ]));
    });

    it("aren't passed on in circles where the controller has no listener: a connection to its address is closed", () => {
        for (const { filter_chains: chains, filter_chain_matcher: matcher } of proxyConfiguration(resources).static_resources.listeners) {
            const [first] = matcher?.matcher_list.matchers as [{ predicate: object; on_match: { action: { typed_config: { value: string } } } }];
            expect(JSON.stringify(first.predicate)).toMatch(/DestinationIPInput.*"value_match":\{"exact":"127\.0\.0\.2"\}/);
            expect(chains.map(({ name }) => name)).not.toContain(first.on_match.action.typed_config.value);
        }
    });

    it("fit into an argument of a program on Linux, and a change of them replaces the proxies", async () => {
        expect(argument(podOf(resources, "envoy").spec.containers[0], "--config-yaml")).toBe("$(ENVOY_CONFIG)");
        expect(proxyText(resources).length).toBeLessThan(100 * 1024);
        expect(proxyText(resources)).not.toContain("$(");
        const checksum = (from: Registered[]) => podOf(from, "envoy").annotations["landfall.dev/config"];
        expect(checksum(await run(balancer, 100))).not.toBe(checksum(resources));
    });

    it("are counted by proxies that get their listeners from a controller of their own", () => {
        // Those of an earlier version keep theirs, whose listeners don't expect the PROXY protocol.
        const { initContainers = [] } = podOf(resources, "envoy").spec as PodSpec & { initContainers?: Container[] };
        expect(initContainers[0].args).toContain("--xds-address=contour-2");
        for (const kind of ["Deployment", "Service", "ConfigMap"]) {
            expect(objects(resources, kind).map(({ metadata }) => metadata.name)).not.toContain("contour");
        }
    });
});

describe("a gateway on published node ports", () => {
    const ports = { type: "NodePort", drainSeconds: 5, seesClients: true, http: 30080, https: 30443, host: "127.0.0.1", publishedHttps: 8443 } as const;
    const labels = { "example.com/published": "yes" };
    const policy = (resources: Registered[]) => object(resources, "Service", "envoy").spec.externalTrafficPolicy;

    it("is on the nodes that are reached, where it sees the clients' own addresses", async () => {
        const resources = await run({ ...ports, nodes: { labels, count: 1 } });
        const { spec } = podOf(resources, "envoy") as { spec: PodSpec & { nodeSelector?: object } };
        expect(policy(resources)).toBe("Local");
        expect(spec.nodeSelector).toEqual(labels);
        expect(spec.topologySpreadConstraints).toMatchObject([{ whenUnsatisfiable: "ScheduleAnyway" }]);
        expect(spec.tolerations?.map(({ key }) => key)).toContain("node-role.kubernetes.io/control-plane");
    });

    it("is on each of them, where clients may be led to any", async () => {
        const resources = await run({ ...ports, nodes: { labels, count: 3 } });
        expect(podOf(resources, "envoy").spec.topologySpreadConstraints).toMatchObject([{ whenUnsatisfiable: "DoNotSchedule" }]);
        expect(object(resources, "HorizontalPodAutoscaler", "envoy").spec.minReplicas).toBe(3);
    });

    it("answers on every node where nobody knows which are reached", async () => {
        const resources = await run(ports);
        expect(policy(resources)).toBe("Cluster");
        const { spec } = podOf(resources, "envoy") as { spec: PodSpec & { nodeSelector?: object } };
        expect(spec.nodeSelector).toBeUndefined();
    });
});

describe.each(["dev", "minikube", "prod", "server", "eks", "gke", "aks"])("on %s", stack => {
    let resources: Registered[];
    beforeAll(async () => {
        resources = await runStack(stack);
    });
    const delay = () => Number(/--drain-delay=(\d+)s/.exec(JSON.stringify(podOf(resources, "envoy").spec.containers))?.[1]);

    it("a proxy outlives whoever still sends to it", () => {
        expect(delay()).toBeGreaterThanOrEqual(5);
        expect(object(resources, "Deployment", "envoy").spec.minReadySeconds).toBe(delay());
        expect(podOf(resources, "envoy").spec.terminationGracePeriodSeconds).toBeGreaterThan(delay() + 60);
        expect(objects(resources, "HorizontalPodAutoscaler").map(({ metadata }) => metadata.name)).toContain("envoy");
    });

    it("its drain follows from what the Service says of the cloud's health check", () => {
        const prefix = "service.beta.kubernetes.io/";
        const { annotations = {} } = object(resources, "Service", "envoy").metadata;
        const [interval, failures] = stack === "eks"
            ? ["aws-load-balancer-healthcheck-interval", "aws-load-balancer-healthcheck-unhealthy-threshold"]
            : ["azure-load-balancer-health-probe-interval", "azure-load-balancer-health-probe-num-of-probe"];
        const noticed = Number(annotations[prefix + interval]) * Number(annotations[prefix + failures]);
        const expected: Record<string, number[]> = { eks: [20, 65], aks: [10, 25], gke: [NaN, 21] };
        if (stack in expected) expect([noticed, delay()]).toEqual(expected[stack]);
    });
});
