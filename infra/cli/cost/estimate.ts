import { quantity } from "../../../components/quantity";
import { asObject, items, type Value, type Values } from "../../values";
import type { Registered } from "../capture";
import { UserError } from "../terminal/errors";
import { type Cloud, clouds, each, type Load, type Nodes } from "./clouds";

/** What a stack costs at its cloud, in US dollars a month. */
export interface Estimate {
    cloud: Cloud;
    nodes: Load;
    total: Load;
}

/** What the resources cost; undefined if no cloud bills them. */
export function estimate(resources: Registered[]): Estimate | undefined {
    const cloud = clouds.find(({ prefix }) => resources.some(({ type, custom }) => custom && type.startsWith(prefix)));
    if (!cloud) return undefined;
    const program = { resources, requests: requestsOf(resources) };
    const pools = resources.flatMap(resource => cloud.nodes[resource.type]?.(resource, program) ?? [])
        .map(pool => ({ ...pool, usd: priceOf(cloud, pool) }));
    const nodes = each(state => sum(pools.map(pool => pool.usd * pool[state])));
    const services = objects(resources, "core/v1:Service").filter(({ spec }) => asObject(spec).type === "LoadBalancer").length;
    const base = sum(resources.map(({ type, inputs }) => cloud.fees[type]?.(inputs) ?? 0)) + volumes(cloud, resources)
        + (services > 0 ? cloud.balancers.first + services * cloud.balancers.each : 0);
    return { cloud, nodes, total: each(state => nodes[state] + base) };
}

/** One node's price a month. Of several types, the most expensive counts, at full price: a spot machine never exceeds it. */
function priceOf({ machine, machines, disks }: Cloud, { types, disk }: Nodes): number {
    const hours = types.map(type => {
        const { family = "", series = "", count, size = "large" } = machine.exec(type)?.groups ?? {};
        const price = machines[family + series] * Number(count || 1) * { medium: 0.5, large: 1, xlarge: 2 }[size]!;
        if (price > 0) return price;
        throw new UserError(`No price is known for the machine type ${type}, so the cost of the stack can't be estimated. Add its `
            + `family to infra/cli/cost/clouds.ts, which has ${Object.keys(machines).join(", ")}.`);
    });
    return Math.max(...hours) * 730 + disk * disks.node;
}

/** Sum of what the pods that always run request: vCPUs, and GiB of memory. In a spike, every autoscaler is at its maximum. */
function requestsOf(resources: Registered[]): Record<"cpu" | "memory", Load> {
    const pods = [...objects(resources, "apps/v1:Deployment"), ...objects(resources, "apps/v1:StatefulSet")].flatMap(owner => {
        const { name, namespace } = asObject(owner.metadata);
        const scaler = objects(resources, "autoscaling/v2:HorizontalPodAutoscaler").find(({ metadata, spec }) =>
            asObject(asObject(spec).scaleTargetRef).name === name && asObject(metadata).namespace === namespace);
        const { replicas = 1, template } = asObject(owner.spec);
        const { minReplicas: rest = replicas, maxReplicas: spike = replicas } = asObject(scaler?.spec);
        return items(asObject(asObject(template).spec).containers)
            .map(container => ({ rest: Number(rest), spike: Number(spike), ...asObject(asObject(container.resources).requests) }));
    }) as (Load & Values)[];
    const all = (key: string, unit: number): Load =>
        each(state => sum(pods.map(pod => pod[state] * amount(pod[key] ?? "0") / unit)));
    return { cpu: all("cpu", 1), memory: all("memory", 2 ** 30) };
}

/** Shared files have another price than disks, and both cost more if they are stored in several zones. */
function volumes({ disks, shares }: Cloud, resources: Registered[]): number {
    const zones = /_ZRS|regional/.test(JSON.stringify(objects(resources, "storage.k8s.io/v1:StorageClass"))) ? "several" : "one";
    return sum(objects(resources, "core/v1:PersistentVolumeClaim").map(({ spec }) => {
        const { accessModes, resources: asked } = asObject(spec);
        const { least, ...price } = JSON.stringify(accessModes).includes("ReadWriteMany") ? shares : disks;
        return price[zones] * Math.max(least, amount(asObject(asObject(asked).requests).storage) / 2 ** 30);
    }));
}

function amount(value: Value | undefined): number {
    return Number(quantity(String(value))) / 10 ** 9;
}

function objects(resources: Registered[], type: string): Values[] {
    return resources.filter(resource => resource.type === `kubernetes:${type}`).map(({ inputs }) => inputs);
}

function sum(numbers: number[]): number {
    return numbers.reduce((total, next) => total + next, 0);
}
