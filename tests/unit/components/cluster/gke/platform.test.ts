import { beforeAll, describe, expect, test } from "vitest";
import { Registered } from "../../../../../infra/cli/capture";
import { readStackConfig } from "../../../../../infra/cli/stack/config";
import { Manifest, object, objects, pods, runStack } from "../../../support/program";

/** Capabilities of Linux that Autopilot lets a container add, after its documentation of security. */
const addable = [
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
    "SETPCAP", "SETUID", "SYS_CHROOT", "SYS_PTRACE",
];

describe.each(["pools", "auto"] as const)("on GKE, with provisioning %s", provisioning => {
    let resources: Registered[];
    beforeAll(async () => {
        const { config } = readStackConfig("Pulumi.gke.yaml");
        const settings = JSON.parse(config["landfall:cluster"]) as object;
        resources = await runStack("gke", { cluster: { ...settings, provisioning } });
    });

    /** Autopilot lets pods read the node's logs, and mount nothing else of it. */
    test("every pod is one that GKE admits, Autopilot too", () => {
        const all = pods(resources);
        expect(all.length).toBeGreaterThan(5);
        for (const { owner, spec } of all) {
            expect({ owner, hostNetwork: spec.hostNetwork, hostPID: spec.hostPID }).toEqual({ owner });
            const ofNode = (spec.volumes ?? []).filter(({ hostPath }) => hostPath && !/^\/var\/log\//.test((hostPath as { path: string }).path));
            expect(ofNode).toEqual([]);
            const logs = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
            for (const container of [...spec.containers, ...spec.initContainers ?? []]) {
                const { securityContext, resources: wanted } = container;
                expect(securityContext.privileged).toBeUndefined();
                const mounts = (container.volumeMounts ?? []).filter(({ name }) => logs.includes(name));
                expect(mounts.filter(({ readOnly }) => !readOnly)).toEqual([]);
                expect(addable).toEqual(expect.arrayContaining(securityContext.capabilities?.add ?? []));
                expect(wanted.requests).toMatchObject({ cpu: expect.anything() as string, memory: expect.anything() as string });
            }
        }
    });

    test("nothing is put into GKE's own namespaces, which Autopilot guards", () => {
        const own = /^(kube-|gke-|gmp-)/;
        const namespaced = resources.filter(({ type }) => type.startsWith("kubernetes:"))
            .map(({ inputs }) => inputs.metadata as Manifest["metadata"] | undefined);
        expect(namespaced.filter(metadata => own.test(metadata?.namespace ?? ""))).toEqual([]);
    });

    test("pods of the system's priorities are where a quota counts them, as GKE wants it", () => {
        const critical = ["Deployment", "DaemonSet", "StatefulSet"].flatMap(kind => objects(resources, kind))
            .filter(({ spec }) => JSON.stringify(spec).includes("\"priorityClassName\":\"system-"));
        const counted = objects(resources, "ResourceQuota")
            .filter(({ spec }) => JSON.stringify(spec.scopeSelector ?? "").includes("system-cluster-critical"))
            // An environment's admits none.
            .filter(({ spec }) => (spec.hard as { pods: string }).pods !== "0")
            .map(({ metadata }) => metadata.namespace);
        expect(critical.map(({ metadata }) => metadata.name)).toEqual(["external-dns"]);
        expect(counted).toEqual(critical.map(({ metadata }) => metadata.namespace));
    });

    test("the gateway's balancer is one that knows healthy nodes, and volumes are of the cluster's classes", () => {
        const { metadata, spec } = object<Manifest>(resources, "Service", "envoy");
        expect(metadata.annotations).toMatchObject({ "cloud.google.com/l4-rbs": "enabled" });
        expect(spec).toMatchObject({ type: "LoadBalancer", externalTrafficPolicy: "Local" });
        const classes = objects(resources, "StorageClass").map(({ metadata: { name } }) => name);
        const claimed = objects(resources, "PersistentVolumeClaim").map(({ spec: claim }) => claim.storageClassName);
        expect([...new Set(claimed)].sort()).toEqual(classes.sort());
    });
});
