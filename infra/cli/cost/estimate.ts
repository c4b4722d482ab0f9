import type { Registered } from "../capture";
import { aws } from "./aws";
import { azure } from "./azure";
import { gcp } from "./gcp";
import { Cloud, Gap, hoursPerMonth, isGap, Item, Line, perHour, Quantity, steady, UseCharge } from "./model";
import { Stack } from "./stack";

export const clouds: Cloud[] = [aws, gcp, azure];

/** How long the spike is that a month is reckoned with. */
export const spikeHours = 2;

/** What a stack costs in one cloud. */
export interface Estimate {
    cloud: Cloud;
    /** Where the stack's own resources are. */
    region?: string;
    items: Item[];
    gaps: Gap[];
    byUse: UseCharge[];
}

/** Types of Kubernetes objects that may have a cloud make something which is looked at nowhere here. */
const opaque = [
    "kubernetes:core/v1:PersistentVolume", "kubernetes:extensions/v1beta1:Ingress", "kubernetes:apps/v1:DaemonSet",
    "kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v4:Chart", "kubernetes:networking.k8s.io/v1:Ingress",
];

/** An estimate for each cloud that the stack makes something in. */
export function estimate(resources: Registered[]): Estimate[] {
    const custom = resources.filter(resource => resource.custom);
    return clouds.flatMap(cloud => custom.some(({ type }) => type.startsWith(cloud.prefix))
        ? [estimateOf(cloud, new Stack(custom))]
        : []);
}

function estimateOf(cloud: Cloud, stack: Stack): Estimate {
    const own = stack.resources.filter(({ type }) => type.startsWith(cloud.prefix));
    const lines: Line[] = [
        ...own.flatMap(resource => cloud.billed[resource.type]?.(resource, stack) ?? []),
        ...cloud.inCluster(stack),
        ...undecided(cloud, stack),
    ];
    return {
        cloud,
        region: cloud.regionOf(stack),
        items: summed(lines.filter((line): line is Item => !isGap(line))),
        gaps: lines.filter(isGap),
        byUse: [...cloud.always, ...Object.entries(cloud.byUse)
            .flatMap(([type, charges]) => own.some(resource => resource.type === type) ? charges : [])],
    };
}

/** The dearest first; the same thing at the same price is one item, however many there are. */
function summed(items: Item[]): Item[] {
    const byKey = new Map<string, Item>();
    for (const item of items) {
        const key = `${item.what} ${JSON.stringify(item.price)}`;
        const { rest, spike } = byKey.get(key)?.quantity ?? steady(0);
        byKey.set(key, { ...item, quantity: { rest: rest + item.quantity.rest, spike: spike + item.quantity.spike } });
    }
    return [...byKey.values()].sort((a, b) => perHour(b).spike - perHour(a).spike);
}

/** Types of which nobody has said yet what they cost. */
function undecided(cloud: Cloud, { resources }: Stack): Gap[] {
    const known = [...Object.keys(cloud.billed), ...Object.keys(cloud.byUse), ...cloud.free];
    const types = new Set(resources.map(({ type }) => type)
        .filter(type => type.startsWith(cloud.prefix) ? !known.includes(type) : opaque.includes(type)));
    return [...types].map(type => ({
        what: `Resources of the type ${type}`,
        missing: `whether they bill, in ${cloud.file.replace("prices/", "")}`,
    }));
}

/** What everything costs by the hour. */
export function totalPerHour(items: Item[]): Quantity {
    const costs = items.map(perHour);
    return {
        rest: costs.reduce((sum, { rest }) => sum + rest, 0),
        spike: costs.reduce((sum, { spike }) => sum + spike, 0),
    };
}

/** A month at rest but for one spike. */
export function monthWithSpike({ rest, spike }: Quantity): number {
    return rest * hoursPerMonth + (spike - rest) * spikeHours;
}
