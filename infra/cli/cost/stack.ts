import { quantity } from "../../../components/quantity";
import type { Registered } from "../capture";
import { asObject, asString, items, type Value, type Values } from "../../values";
import { Quantity, steady } from "./model";

const billion = 10 ** 9;
const gibibyte = 2 ** 30;

/** A claim for a volume, with the class that it is made by. */
export interface Volume {
    name: string;
    gib: number;
    count: number;
    provisioner: string;
    parameters: Record<string, string>;
}

/** What pods ask for in all: at rest, and with every autoscaler at its most. */
export interface Requests {
    cpu: Quantity;
    /** In GiB. */
    memory: Quantity;
}

/** What the program registered, as those who price it look at it. */
export class Stack {
    constructor(readonly resources: Registered[]) {}

    ofType(type: string): Registered[] {
        return this.resources.filter(resource => resource.type === type);
    }

    /** The resource behind an id, which is made of its name where the program is only looked at. */
    byId(type: string, id: Value | undefined): Registered | undefined {
        return this.ofType(type).find(({ name }) => `${name}-id` === id);
    }

    /** Services that order a load balancer of the cloud. */
    get balancers(): { name: string; ports: number }[] {
        return this.objects("core/v1:Service")
            .filter(({ spec }) => asObject(spec).type === "LoadBalancer")
            .map(service => ({ name: nameOf(service), ports: items(asObject(service.spec).ports).length }));
    }

    get volumes(): Volume[] {
        const claims = this.objects("core/v1:PersistentVolumeClaim").map(claim => ({ claim, count: 1 }));
        const templates = this.objects("apps/v1:StatefulSet").map(({ spec }) => asObject(spec)).flatMap(spec =>
            items(spec.volumeClaimTemplates).map(claim => ({ claim, count: numberOf(spec.replicas ?? 1) })));
        return [...claims, ...templates].map(({ claim, count }) => this.volumeOf(claim, count));
    }

    private volumeOf(claim: Values, count: number): Volume {
        const spec = asObject(claim.spec);
        const wanted = asString(spec.storageClassName);
        const found = this.objects("storage.k8s.io/v1:StorageClass")
            .find(each => wanted === undefined ? isDefault(each) : nameOf(each) === wanted);
        return {
            name: nameOf(claim),
            gib: amount(asObject(asObject(spec.resources).requests).storage) / gibibyte,
            count,
            provisioner: asString(found?.provisioner) ?? "",
            parameters: asObject(found?.parameters) as Record<string, string>,
        };
    }

    /** What the pods that always run ask for; jobs come and go. */
    get requests(): Requests {
        const total: Requests = { cpu: { rest: 0, spike: 0 }, memory: { rest: 0, spike: 0 } };
        for (const kind of ["Deployment", "StatefulSet"]) {
            for (const owner of this.objects(`apps/v1:${kind}`)) {
                const replicas = this.replicasOf(owner, kind);
                const pod = asObject(asObject(asObject(owner.spec).template).spec);
                for (const state of ["rest", "spike"] as const) {
                    total.cpu[state] += replicas[state] * requestOf(pod, "cpu");
                    total.memory[state] += replicas[state] * requestOf(pod, "memory") / gibibyte;
                }
            }
        }
        return total;
    }

    private replicasOf(owner: Values, kind: string): Quantity {
        const autoscaler = this.objects("autoscaling/v2:HorizontalPodAutoscaler").find(({ metadata, spec }) => {
            const target = asObject(asObject(spec).scaleTargetRef);
            return target.kind === kind && target.name === nameOf(owner)
                && asObject(metadata).namespace === asObject(owner.metadata).namespace;
        });
        const fixed = numberOf(asObject(owner.spec).replicas ?? 1);
        if (!autoscaler) return steady(fixed);
        const { minReplicas, maxReplicas } = asObject(autoscaler.spec);
        return { rest: numberOf(minReplicas ?? 1), spike: numberOf(maxReplicas) };
    }

    private objects(type: string): Values[] {
        return this.ofType(`kubernetes:${type}`).map(({ inputs }) => inputs);
    }
}

export function numberOf(value: Value | undefined): number {
    const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (typeof number === "number" && Number.isFinite(number)) return number;
    throw new Error(`${JSON.stringify(value)} is not a number`);
}

function nameOf({ metadata }: Values): string {
    return asString(asObject(metadata).name) ?? "";
}

function isDefault({ metadata }: Values): boolean {
    return asObject(asObject(metadata).annotations)["storageclass.kubernetes.io/is-default-class"] === "true";
}

/** A pod's request: of its containers together, or of the first that runs before them, whichever is more. */
function requestOf(pod: Values, resource: "cpu" | "memory"): number {
    const of = (container: Values): number => amount(asObject(asObject(container.resources).requests)[resource] ?? "0");
    const together = items(pod.containers).map(of).reduce((sum, request) => sum + request, 0);
    return Math.max(together, ...items(pod.initContainers).map(of));
}

function amount(value: Value | undefined): number {
    return Number(quantity(String(value))) / billion;
}
