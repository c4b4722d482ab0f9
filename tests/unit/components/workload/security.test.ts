import { beforeAll, describe, expect, it } from "vitest";
import { Registered } from "../../../../infra/cli/capture";
import { type Manifest, objects, pods, runStack } from "../../support/program";

let resources: Registered[];
beforeAll(async () => {
    resources = await runStack("dev");
});

const containers = () => pods(resources).flatMap(pod =>
    [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map(container => ({ pod, container })));

describe("every pod", () => {
    it("is found by these tests", () => {
        expect(pods(resources).map(pod => pod.owner).sort()).toEqual([
            "CronJob/contour-certgen", "CronJob/scheduled-tasks", "Deployment/cert-manager", "Deployment/cert-manager-cainjector",
            "Deployment/cert-manager-webhook", "Deployment/contour-2", "Deployment/envoy",
            "Deployment/local-path-provisioner", "Deployment/metrics-server", "Deployment/web", "Job/contour-certgen-v1-33-8", "StatefulSet/database",
        ]);
    });

    it("can't run as root", () => {
        for (const { owner, spec } of pods(resources)) {
            expect(spec.securityContext.runAsNonRoot, owner).toBe(true);
            expect(spec.securityContext.runAsUser, owner).toBeGreaterThan(0);
        }
        for (const { pod, container } of containers()) {
            expect(container.securityContext.runAsUser ?? 1, `${pod.owner} ${container.name}`).not.toBe(0);
            expect(container.securityContext.runAsNonRoot ?? true, `${pod.owner} ${container.name}`).toBe(true);
        }
    });

    it("can't write to its root file system, gain privileges or use a capability", () => {
        for (const { pod, container } of containers()) {
            expect(container.securityContext, `${pod.owner} ${container.name}`).toMatchObject({
                readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] },
            });
            expect(container.securityContext.capabilities?.add, `${pod.owner} ${container.name}`).toBeUndefined();
            expect(container.securityContext.privileged, `${pod.owner} ${container.name}`).toBeFalsy();
        }
    });

    it("is confined by the runtime's seccomp profile and to its own namespaces of the kernel", () => {
        for (const { owner, spec } of pods(resources)) {
            expect(spec.securityContext.seccompProfile?.type, owner).toBe("RuntimeDefault");
            expect([spec.hostNetwork, spec.hostPID], owner).toEqual([undefined, undefined]);
            expect((spec.volumes ?? []).filter(volume => volume.hostPath), owner).toEqual([]);
        }
    });

    it("has requests and limits for CPU and memory, and a limit on what it writes to its node", () => {
        for (const { pod, container } of containers()) {
            expect(container.resources, `${pod.owner} ${container.name}`).toMatchObject({
                requests: { cpu: expect.any(String), memory: expect.any(String) },
                limits: { cpu: expect.any(String), memory: expect.any(String) },
            });
        }
        for (const { owner, spec } of pods(resources)) {
            for (const volume of spec.volumes ?? []) {
                expect(volume.emptyDir && !volume.emptyDir.sizeLimit, `${owner} ${volume.name}`).toBeFalsy();
            }
        }
    });

    it("holds an API token only where it talks to the API server", () => {
        const withToken = pods(resources).filter(pod => pod.spec.automountServiceAccountToken !== false);
        expect(withToken.map(pod => pod.owner).sort()).toEqual([
            "CronJob/contour-certgen", "Deployment/cert-manager", "Deployment/cert-manager-cainjector",
            "Deployment/cert-manager-webhook", "Deployment/contour-2", "Deployment/local-path-provisioner",
            "Deployment/metrics-server", "Job/contour-certgen-v1-33-8",
        ]);
    });

    it("runs an image of a fixed version", () => {
        for (const { pod, container } of containers()) {
            expect(container.image, `${pod.owner} ${container.name}`).toMatch(/:[^/:]+$/);
            expect(container.image, `${pod.owner} ${container.name}`).not.toMatch(/:(latest|main|master)$/);
        }
    });
});

describe("every namespace", () => {
    it("admits only restricted pods, except the storage provisioner's helpers", () => {
        const levels = objects(resources, "Namespace").map(({ metadata }) =>
            [metadata.name, metadata.labels?.["pod-security.kubernetes.io/enforce"]]);
        expect(Object.fromEntries(levels)).toEqual({
            "development": "restricted", "landfall-certificates": "restricted", "landfall-gateway": "restricted",
            "landfall-metrics": "restricted", "landfall-storage": "privileged",
        });
    });

    it("denies all traffic that no policy allows", () => {
        const denying = objects(resources, "NetworkPolicy").filter(policy => policy.metadata.name === "deny-all");
        expect(denying.map(policy => policy.metadata.namespace).sort())
            .toEqual(objects(resources, "Namespace").map(({ metadata }) => metadata.name).sort());
        for (const policy of denying) {
            expect(policy.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
        }
    });
});

describe("the API server", () => {
    interface Binding extends Manifest {
        subjects: { kind: string; name: string; namespace?: string }[];
    }

    it.each(["production", "uat", "development"])("is out of reach for what runs in %s", async name => {
        const found = await runStack("dev", { environment: { name } });
        const inside = (kind: string) => objects(found, kind).filter(({ metadata }) => metadata.namespace === name);
        for (const kind of ["ServiceAccount", "Role", "RoleBinding"]) expect(inside(kind), kind).toEqual([]);
        // Its pods have the namespace's own account, which no one may be given rights to.
        const bindings = ["RoleBinding", "ClusterRoleBinding"].flatMap(kind => objects<Binding>(found, kind));
        const bound = bindings.flatMap(({ subjects }) => subjects);
        expect(bound.length).toBeGreaterThan(0);
        expect(bound.filter(({ kind, namespace }) => kind !== "ServiceAccount" || !namespace?.startsWith("landfall-"))).toEqual([]);
        const own = pods(found).filter(({ owner }) => ["Deployment/web", "StatefulSet/database", "CronJob/scheduled-tasks"].includes(owner));
        expect(own.map(({ spec }) => [spec.automountServiceAccountToken, spec.serviceAccountName])).toEqual(own.map(() => [false, undefined]));
        expect(own).toHaveLength(3);
    });
});

describe("secrets", () => {
    it("are known as secrets to Pulumi wherever they stand", () => {
        const secrets = resources.filter(resource => resource.inputs.kind === "Secret");
        expect(secrets.length).toBeGreaterThan(0);
        for (const secret of secrets) {
            expect(secret.secrets.some(path => path.startsWith("stringData")), secret.name).toBe(true);
        }
    });

    it("stand in no object but Secrets", () => {
        const generated = resources.filter(resource => resource.type === "random:index/randomPassword:RandomPassword")
            .map(resource => `random:${resource.name}`);
        expect(generated.length).toBe(11);
        for (const resource of resources.filter(({ inputs }) => inputs.kind && inputs.kind !== "Secret")) {
            const text = JSON.stringify(resource.inputs);
            expect(generated.filter(value => text.includes(value)), resource.name).toEqual([]);
        }
    });

    it("are mounted as files, not put into environment variables", () => {
        for (const { pod, container } of containers()) {
            expect(JSON.stringify(container), `${pod.owner} ${container.name}`).not.toContain("secretKeyRef");
        }
    });
});
