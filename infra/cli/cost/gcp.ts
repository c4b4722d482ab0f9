import type { Registered } from "../capture";
import { asObject, asString } from "../../values";
import { Cloud, Line, Machine, Quantity, steady, times } from "./model";
import * as prices from "./prices/gcp";
import { numberOf, Stack, Volume } from "./stack";

const file = "infra/cli/cost/prices/gcp.ts";
const cluster = "gcp:container/cluster:Cluster";
const nodePool = "gcp:container/nodePool:NodePool";

export const gcp: Cloud = {
    name: "Google Cloud",
    prefix: "gcp:",
    region: prices.region,
    file,
    regionOf: stack => asString(stack.ofType("pulumi:providers:gcp")[0]?.inputs.region),
    billed: {
        [cluster]: controlPlane,
        [nodePool]: pool,
        "gcp:compute/routerNat:RouterNat": nat,
        "gcp:kms/cryptoKey:CryptoKey": () =>
            [{ what: "Key versions; one more of each key every 90 days", quantity: steady(1), price: prices.keyVersion }],
    },
    inCluster: stack => [...stack.volumes.flatMap(volume), ...balancers(stack)],
    byUse: {
        [cluster]: [
            { what: "Metrics of Managed Prometheus", price: prices.samples },
            { what: "Disk space of pods, in Autopilot", price: prices.autopilotDisk },
        ],
        "gcp:compute/routerNat:RouterNat": [{ what: "Traffic through NAT", price: prices.natData }],
        "gcp:kms/cryptoKey:CryptoKey": [{ what: "Uses of the keys", price: prices.keyUses }],
        "gcp:artifactregistry/repository:Repository": [{ what: "Images in the registry", price: prices.images }],
        "gcp:logging/projectBucketConfig:ProjectBucketConfig": [
            { what: "Logs written", price: prices.logsIngested }, { what: "Logs kept", price: prices.logsKept },
        ],
        "gcp:compute/subnetwork:Subnetwork": [{ what: "Flow logs of the network", price: prices.flowLogs }],
    },
    always: [
        { what: "Traffic to the internet", price: prices.trafficOut },
        { what: "Traffic between zones", price: prices.trafficBetweenZones },
        { what: "Traffic through the load balancer", price: prices.balancerData },
    ],
    free: [
        "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember", "gcp:compute/network:Network",
        "gcp:compute/router:Router", "gcp:dns/dnsManagedZoneIamMember:DnsManagedZoneIamMember",
        "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember", "gcp:kms/keyRing:KeyRing", "gcp:projects/iAMMember:IAMMember",
        "gcp:projects/service:Service", "gcp:projects/serviceIdentity:ServiceIdentity",
        "gcp:serviceaccount/account:Account",
        // Counted with the bucket that it writes to.
        "gcp:logging/projectSink:ProjectSink",
    ],
};

/** The pool that GKE makes a cluster with is gone at once. */
function controlPlane({ inputs }: Registered, stack: Stack): Line[] {
    const fee: Line = { what: "Control plane", quantity: steady(1), price: prices.cluster };
    return inputs.enableAutopilot === true ? [
        { ...fee, what: "Control plane, before a credit of $74.40 a month for one cluster of the billing account" },
        ...autopilot(stack),
    ] : [fee];
}

/** Autopilot bills what pods request, at least 1 GiB for each vCPU and a vCPU for every 6.5 GiB. */
function autopilot(stack: Stack): Line[] {
    const { cpu, memory } = stack.requests;
    const atLeast = (some: Quantity, other: Quantity): Quantity =>
        ({ rest: Math.max(some.rest, other.rest), spike: Math.max(some.spike, other.spike) });
    return [
        {
            what: "Processors of Autopilot's pods",
            quantity: atLeast(cpu, times(memory, 1 / 6.5)), price: prices.autopilotCpu,
        },
        { what: "Memory of Autopilot's pods", quantity: atLeast(memory, cpu), price: prices.autopilotMemory },
    ];
}

/** Spot machines are counted at the price on demand, which they never exceed. */
function pool(resource: Registered): Line[] {
    const { name, inputs } = resource;
    const { machineType, diskType, diskSizeGb, spot } = asObject(inputs.nodeConfig);
    const quantity = sizeOf(resource);
    const machine = (prices.machines as Record<string, Machine | undefined>)[String(machineType)];
    const atMost = spot === true ? ", at most (spot)" : "";
    const nodes: Line = machine
        ? { what: `Nodes of ${name}, ${String(machineType)}${atMost}`, quantity, price: machine.price }
        : { what: `Nodes of ${name}`, missing: `a price of ${String(machineType)} in ${file}` };
    const disks: Line = diskType === "pd-balanced"
        ? { what: `Disks of ${name}`, quantity: times(quantity, numberOf(diskSizeGb)), price: prices.balancedDisk }
        : { what: `Disks of ${name}`, missing: `a price of ${String(diskType)} in ${file}` };
    return [nodes, disks];
}

function sizeOf({ inputs }: Registered): Quantity {
    const { totalMinNodeCount, totalMaxNodeCount } = asObject(inputs.autoscaling);
    return { rest: numberOf(totalMinNodeCount), spike: numberOf(totalMaxNodeCount) };
}

/** Billed for up to 32 of the machines behind it; Autopilot's are not known. */
function nat(_: Registered, stack: Stack): Line[] {
    const sizes = stack.ofType(nodePool).map(sizeOf);
    const machines = (state: keyof Quantity): number =>
        Math.min(32, sizes.reduce((sum, size) => sum + size[state], 0));
    const auto = stack.ofType(cluster).some(({ inputs }) => inputs.enableAutopilot === true);
    const quantity = auto ? steady(1) : { rest: machines("rest"), spike: machines("spike") };
    return [
        { what: `NAT${auto ? ", at the least" : ""}`, quantity, price: prices.natMachine },
        { what: "Public addresses of NAT, at the least", quantity: steady(1), price: prices.natAddress },
    ];
}

function volume({ name, gib, count, provisioner, parameters }: Volume): Line[] {
    if (provisioner === "pd.csi.storage.gke.io" && parameters.type === "pd-balanced") {
        const regional = parameters["replication-type"] === "regional-pd";
        const price = regional ? prices.regionalBalancedDisk : prices.balancedDisk;
        return [{ what: `Volume ${name}${regional ? ", in two zones" : ""}`, quantity: steady(gib * count), price }];
    }
    const share = (prices.shares as Record<string, typeof prices.shares.regional | undefined>)[parameters.tier];
    if (provisioner === "filestore.csi.storage.gke.io" && share) {
        const billed = Math.max(gib, prices.smallestShare) * count;
        return [{ what: `Shared files ${name}, ${parameters.tier}`, quantity: steady(billed), price: share }];
    }
    const missing = `how ${provisioner || "its storage class"} bills, in infra/cli/cost/gcp.ts`;
    return [{ what: `Volume ${name}`, missing }];
}

/** One rule a balancer, whose address is free. */
function balancers(stack: Stack): Line[] {
    const rules = stack.balancers.length;
    if (rules === 0) return [];
    return [
        { what: "Load balancers, their first five rules", quantity: steady(1), price: prices.fiveRules },
        ...(rules > 5
            ? [{ what: "Load balancers, more rules", quantity: steady(rules - 5), price: prices.moreRules }]
            : []),
    ];
}
