import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { ephemeralStorage } from "../../../components/scratch";
import { quantity } from "../../../components/quantity";
import { Registered } from "../../../infra/cli/capture";
import { Container, objects, pods, PodSpec, runStack } from "../support/program";

const mebibyte = quantity("1Mi");
const inMebibytes = (text: string): number => Number(quantity(text) / mebibyte);

describe("ephemeral storage", () => {
    it("has room for all volumes on the node's disk, and for the log", () => {
        const size = fc.integer({ min: 1, max: 4096 });
        fc.assert(fc.property(fc.array(size), sizes => {
            const volumes = sizes.map((mebibytes, index) => ({ name: `v${index}`, emptyDir: { sizeLimit: `${mebibytes}Mi` } }));
            const { requests, limits } = ephemeralStorage(volumes);
            const sum = sizes.reduce((all, one) => all + one, 0);
            expect(inMebibytes(requests["ephemeral-storage"])).toBe(sum + 64);
            expect(inMebibytes(limits["ephemeral-storage"])).toBe(sum + 256);
        }));
    });

    it("counts what is in memory, or on another disk, as nothing", () => {
        const volumes = [
            { name: "run", emptyDir: { medium: "Memory", sizeLimit: "1Gi" } },
            { name: "data", persistentVolumeClaim: { claimName: "data" } },
            { name: "key", secret: { secretName: "key" } },
        ];
        expect(ephemeralStorage(volumes)).toEqual(ephemeralStorage());
    });

    it.each([["1Gi", 1024], ["1.5Gi", 1536], ["100M", 95]])("counts %s as %s MiB", (sizeLimit, mebibytes) => {
        const { requests } = ephemeralStorage([{ name: "tmp", emptyDir: { sizeLimit } }]);
        expect(inMebibytes(requests["ephemeral-storage"])).toBe(mebibytes + 64);
    });

    it.each([undefined, "", "lots"])("refuses a volume of the size %s", sizeLimit => {
        expect(() => ephemeralStorage([{ name: "tmp", emptyDir: { sizeLimit } }])).toThrow(/"tmp"/);
    });
});

const stacks: [string, string, Parameters<typeof runStack>[1]?][] = [
    ["dev", "dev"], ["minikube", "minikube"], ["prod", "prod"], ["server", "server"], ["eks", "eks"], ["gke", "gke"],
    ["aks", "aks"],
    ["machines with MetalLB, and an ACME server", "server", {
        cluster: {
            target: "baremetal", sharedDirectory: "/srv/shared", virtualAddress: "203.0.113.10", addressPool: ["203.0.113.100-203.0.113.110"],
            nodes: { one: { host: "203.0.113.11" }, two: { host: "203.0.113.12" }, three: { host: "203.0.113.13" } },
        },
        environment: { name: "production", host: "www.example.com", tls: { issuer: "acme" } },
    }],
];

describe.each(stacks)("on %s", (_, stack, changes) => {
    let found: { owner: string; spec: PodSpec }[];
    beforeAll(async () => {
        const resources = await runStack(stack, changes);
        found = [...pods(resources), ...helperPods(resources)];
    });

    it("every container says what it writes to its node", () => {
        expect(found.length).toBeGreaterThan(8);
        for (const { owner, spec } of found) {
            for (const { name, resources } of allContainers(spec)) {
                for (const kind of ["requests", "limits"] as const) {
                    expect(resources[kind]["ephemeral-storage"], `${owner} ${name} ${kind}`).toMatch(/^\d+Mi$/);
                }
            }
        }
    });

    it("every pod may write its volumes full, beside its containers' logs", () => {
        for (const { owner, spec } of found) {
            const onDisk = (spec.volumes ?? []).flatMap(({ emptyDir }) => {
                const { medium, sizeLimit } = (emptyDir ?? {}) as { medium?: string; sizeLimit?: string };
                return emptyDir && medium !== "Memory" ? [inMebibytes(sizeLimit ?? "")] : [];
            }).reduce((sum, size) => sum + size, 0);
            const sum = (kind: "requests" | "limits") => spec.containers.reduce(
                (all, { resources }) => all + inMebibytes(resources[kind]["ephemeral-storage"]), 0);
            expect(sum("requests"), owner).toBeGreaterThanOrEqual(onDisk + 50 * spec.containers.length);
            expect(sum("limits"), owner).toBeGreaterThanOrEqual(onDisk + 250 * spec.containers.length);
        }
    });
});

function allContainers(spec: PodSpec): Container[] {
    return [...spec.initContainers ?? [], ...spec.containers];
}

/** Pods that others make, from what the program tells them: the storage provisioner and cert-manager. */
function helperPods(resources: Registered[]): { owner: string; spec: PodSpec }[] {
    const storage = objects<{ data?: Record<string, string> }>(resources, "ConfigMap").flatMap(({ data = {} }) =>
        "helperPod.yaml" in data ? [{ owner: "helper-pod", spec: (JSON.parse(data["helperPod.yaml"]) as { spec: PodSpec }).spec }] : []);
    const solvers = objects(resources, "Issuer").flatMap(({ spec }) => {
        const acme = spec.acme as { solvers: { http01: { gatewayHTTPRoute: { podTemplate: { spec: Omit<Container, "name"> } } } }[] } | undefined;
        return (acme?.solvers ?? []).map(({ http01 }) => ({
            owner: "acme-solver",
            spec: { containers: [{ ...http01.gatewayHTTPRoute.podTemplate.spec, name: "solver" }] } as unknown as PodSpec,
        }));
    });
    return [...storage, ...solvers];
}
