import { asObject, items, type Values } from "../../values";
import type { Registered } from "../capture";

/** A value when idle, and at the peak of a spike. */
export interface Load { rest: number; spike: number }

/** A number of nodes of one type, or of any of several, each with a disk of this size in GiB. */
export interface Nodes extends Load { types: string[]; disk: number }

/** The price of a GiB in one zone and in several, and the minimum billed, in GiB. */
interface Storage { one: number; several: number; least: number }
interface Program { resources: Registered[]; requests: Record<"cpu" | "memory", Load> }

/** What a cloud bills, to two significant digits: US dollars a month; for a machine, an hour. */
export interface Cloud {
    name: string;
    /** How the types of its resources begin. */
    prefix: string;
    region: string;
    /** When these were the list prices, and where to find today's. */
    collected: string;
    calculator: string;
    note: string;
    /** Finds the family, the number (of vCPUs, or before the size), the series and the size in a type of machine. */
    machine: RegExp;
    /** By family and series: the price of one vCPU; where machines have sizes, of a large one. */
    machines: Record<string, number>;
    nodes: Record<string, (resource: Registered, program: Program) => Nodes[]>;
    /** What is billed for as long as it exists, by type. */
    fees: Record<string, (inputs: Values) => number | undefined>;
    balancers: { first: number; each: number };
    disks: Storage & { node: number };
    shares: Storage;
}

const aws: Cloud = {
    name: "AWS", prefix: "aws:", region: "us-east-1", collected: "from July 2024 to July 2026",
    note: "", calculator: "https://calculator.aws",
    machine: /^(?<family>\w+)\.(?<count>\d*)(?<size>medium|large|xlarge)$/,
    machines: {
        t3: 0.083, t3a: 0.075, t4g: 0.067, m5: 0.096, m5a: 0.086, m6i: 0.096, m6a: 0.086, m6g: 0.077, m7i: 0.1, m7a: 0.12,
        m7g: 0.082, c5: 0.085, c6i: 0.085, c6a: 0.077, c7i: 0.089, r6i: 0.13, autoMode: 0.086,
    },
    nodes: {
        "aws:eks/nodeGroup:NodeGroup": ({ name, inputs: { scalingConfig, instanceTypes, capacityType } }, { resources }) => {
            const template = resources.find(resource => resource.name === name.replace("-pool-", "-template-"));
            const [{ ebs }] = items(template?.inputs.blockDeviceMappings);
            const types = (instanceTypes as string[]).slice(0, capacityType === "SPOT" ? undefined : 1);
            return [{ types, ...range(scalingConfig, "minSize", "maxSize"), disk: Number(asObject(ebs).volumeSize) }];
        },
        // The cheapest machine that Auto Mode chooses is a c6a, plus a fee of 12 %.
        "aws:eks/cluster:Cluster": ({ inputs }, { requests }) => asObject(inputs.computeConfig).enabled === true
            ? [{ types: ["autoMode.large"], ...roomFor(requests, 2, 4), disk: 80 }] : [],
    },
    fees: { "aws:eks/cluster:Cluster": () => 73, "aws:ec2/natGateway:NatGateway": () => 33, "aws:ec2/eip:Eip": () => 3.7 },
    // Including an address in each of three zones.
    balancers: { first: 0, each: 27 },
    disks: { node: 0.08, one: 0.08, several: 0.08, least: 0 },
    shares: { one: 0.3, several: 0.3, least: 0 },
};

const gcp: Cloud = {
    name: "Google Cloud", prefix: "gcp:", region: "us-central1", collected: "from July 2024 to October 2026",
    note: " A credit of about $74 a month pays for the control plane of one Autopilot or zonal cluster.",
    calculator: "https://cloud.google.com/products/calculator",
    machine: /^(?<family>\w+-[a-z]+)(-(?<count>\d+))?$/,
    machines: {
        "e2-medium": 0.034, "e2-standard": 0.034, "e2-highmem": 0.045, "e2-highcpu": 0.025, "n2-standard": 0.049,
        "n2d-standard": 0.042, "n4-standard": 0.045, "t2d-standard": 0.042, "autopilot-vcpu": 0.045, "autopilot-gib": 0.0049,
    },
    nodes: {
        "gcp:container/nodePool:NodePool": ({ inputs: { nodeConfig, autoscaling } }) => {
            const { machineType, diskSizeGb } = asObject(nodeConfig);
            const [types, disk] = [[String(machineType)], Number(diskSizeGb)];
            return [{ types, disk, ...range(autoscaling, "totalMinNodeCount", "totalMaxNodeCount") }];
        },
        // Autopilot bills what pods request.
        "gcp:container/cluster:Cluster": ({ inputs }, { requests: { cpu, memory } }) => inputs.enableAutopilot === true
            ? [{ types: ["autopilot-vcpu"], ...cpu, disk: 0 }, { types: ["autopilot-gib"], ...memory, disk: 0 }] : [],
    },
    // NAT with three nodes behind it.
    fees: { "gcp:container/cluster:Cluster": () => 73, "gcp:compute/routerNat:RouterNat": () => 6.7 },
    balancers: { first: 18, each: 0 },
    disks: { node: 0.1, one: 0.1, several: 0.2, least: 0 },
    shares: { one: 0.16, several: 0.45, least: 100 },
};

const azure: Cloud = {
    name: "Azure", prefix: "azure-native:", region: "eastus", collected: "from July 2024 to October 2026",
    note: "", calculator: "https://azure.microsoft.com/pricing/calculator",
    machine: /^Standard_(?<family>[A-Z]+)(?<count>\d+)(?<series>\w+)$/,
    machines: {
        Bs_v2: 0.042, Bas_v2: 0.038, Ds_v5: 0.048, Das_v5: 0.043, Dds_v5: 0.057, Dads_v5: 0.052, Ds_v6: 0.051, Das_v6: 0.045,
        Dps_v5: 0.039, Eas_v5: 0.057, Fs_v2: 0.042,
    },
    nodes: {
        // The cheapest machine that auto-provisioning chooses is a D2as_v5.
        "azure-native:containerservice:ManagedCluster": ({ inputs }, { requests }) => [
            ...items(inputs.agentPoolProfiles).map(azurePool),
            ...(asObject(inputs.nodeProvisioningProfile).mode === "Auto"
                ? [{ types: ["Standard_D2as_v5"], ...roomFor(requests, 2, 8), disk: 128 }] : []),
        ],
        "azure-native:containerservice:AgentPool": ({ inputs }) => [azurePool(inputs)],
    },
    fees: {
        "azure-native:containerservice:ManagedCluster": ({ sku }) => ({ Standard: 73 })[String(asObject(sku).tier)],
        "azure-native:network:PublicIPAddress": () => 3.7,
        "azure-native:containerregistry:Registry": ({ sku }) => ({ Basic: 5, Standard: 20, Premium: 51 })[String(asObject(sku).name)],
    },
    balancers: { first: 18, each: 3.7 },
    disks: { node: 0.16, one: 0.075, several: 0.24, least: 32 },
    shares: { one: 0.16, several: 0.2, least: 100 },
};

/** A disk counts for each node, although AKS takes the machine's own where that is large enough. */
function azurePool(inputs: Values): Nodes {
    const count = inputs.enableAutoScaling === true ? range(inputs, "minCount", "maxCount") : range(inputs, "count", "count");
    return { types: [String(inputs.vmSize)], ...count, disk: Number(inputs.osDiskSizeGB) };
}

export const clouds = [aws, gcp, azure];

export function each(figure: (state: keyof Load) => number): Load {
    return { rest: figure("rest"), spike: figure("spike") };
}

function range(inputs: Values[string] | undefined, min: string, max: string): Load {
    return { rest: Number(asObject(inputs)[min]), spike: Number(asObject(inputs)[max]) };
}

/** The smallest number of nodes of this size that holds the pods' requests. */
function roomFor({ cpu, memory }: Program["requests"], vcpus: number, gib: number): Load {
    return each(state => Math.ceil(Math.max(cpu[state] / vcpus, memory[state] / gib)));
}
