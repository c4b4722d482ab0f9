import type { Registered } from "../capture";
import { asObject, asString, items } from "../../values";
import { cheapestFit } from "./fit";
import { Cloud, Line, Machine, Quantity, steady, times } from "./model";
import * as prices from "./prices/aws";
import { numberOf, Stack, Volume } from "./stack";

const file = "infra/cli/cost/prices/aws.ts";
/** GiB of the disk that Auto Mode gives each node. */
const autoDisk = 80;

export const aws: Cloud = {
    name: "AWS",
    prefix: "aws:",
    region: prices.region,
    file,
    regionOf: stack => asString(stack.ofType("pulumi:providers:aws")[0]?.inputs.region),
    billed: {
        "aws:eks/cluster:Cluster": controlPlane,
        "aws:eks/nodeGroup:NodeGroup": nodeGroup,
        "aws:ec2/natGateway:NatGateway": () => [{ what: "NAT gateways", quantity: steady(1), price: prices.nat }],
        "aws:ec2/eip:Eip": () => [{ what: "Public addresses", quantity: steady(1), price: prices.address }],
        "aws:kms/key:Key": () =>
            [{ what: "Key; $1 more after each of two rotations", quantity: steady(1), price: prices.key }],
        "aws:efs/backupPolicy:BackupPolicy": backup,
    },
    inCluster: stack => [...stack.volumes.flatMap(volume), ...balancers(stack)],
    byUse: {
        "aws:ec2/natGateway:NatGateway": [{ what: "Traffic through NAT gateways", price: prices.natData }],
        "aws:kms/key:Key": [{ what: "Uses of the key", price: prices.keyRequests }],
        "aws:cloudwatch/logGroup:LogGroup": [
            { what: "Logs written", price: prices.logsIngested }, { what: "Logs kept", price: prices.logsKept },
        ],
        "aws:ecr/repository:Repository": [{ what: "Images in the registry", price: prices.images }],
        "aws:efs/fileSystem:FileSystem": [
            { what: "Shared files read", price: prices.filesRead },
            { what: "Shared files written", price: prices.filesWrite },
        ],
    },
    always: [
        { what: "Traffic to the internet", price: prices.trafficOut },
        { what: "Traffic between zones", price: prices.trafficBetweenZones },
        { what: "Traffic through the load balancer", price: prices.balancerUnits },
    ],
    free: [
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/route:Route", "aws:ec2/routeTable:RouteTable", "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup", "aws:ec2/subnet:Subnet", "aws:ec2/vpc:Vpc",
        "aws:ecr/lifecyclePolicy:LifecyclePolicy", "aws:efs/fileSystemPolicy:FileSystemPolicy",
        "aws:efs/mountTarget:MountTarget", "aws:eks/accessEntry:AccessEntry",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "aws:eks/addon:Addon",
        "aws:eks/podIdentityAssociation:PodIdentityAssociation", "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:kms/alias:Alias",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        // Of the kind `Gateway`; one of the kind `Interface` would bill.
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        // Counted with the nodes that are made by it.
        "aws:ec2/launchTemplate:LaunchTemplate",
        // Counted with the logs that it writes.
        "aws:ec2/flowLog:FlowLog",
        // 14 million runs a month are free.
        "aws:scheduler/schedule:Schedule",
    ],
};

function controlPlane({ inputs }: Registered, stack: Stack): Line[] {
    const cluster = { what: "Control plane", quantity: steady(1), price: prices.cluster };
    return asObject(inputs.computeConfig).enabled === true ? [cluster, ...autoNodes(stack)] : [cluster];
}

/** Auto Mode takes machines of the families c, m and r with processors of the kind x86. */
function autoNodes(stack: Stack): Line[] {
    const candidates = Object.entries(prices.machines).filter(([type]) => /^[cmr]\d+[ai]?\./.test(type));
    const { type, machine, count } = cheapestFit(Object.fromEntries(candidates), stack.requests);
    const { share, source } = prices.autoMode;
    return [
        { what: `Nodes of Auto Mode, at the least, as ${type}`, quantity: count, price: machine.price },
        {
            what: `Auto Mode itself, on ${type}`, quantity: count,
            price: { usd: machine.price.usd * share, per: "hour", unit: "node", source },
        },
        { what: "Disks of Auto Mode's nodes", quantity: times(count, autoDisk), price: prices.gp3 },
    ];
}

function nodeGroup({ name, inputs }: Registered, stack: Stack): Line[] {
    const { minSize, maxSize } = asObject(inputs.scalingConfig);
    const quantity = { rest: numberOf(minSize), spike: numberOf(maxSize) };
    return [nodes(name, inputs, quantity), ...disks(name, inputs, quantity, stack)];
}

/** Spot machines are counted at the price on demand of the dearest, which they never exceed. */
function nodes(name: string, inputs: Registered["inputs"], quantity: Quantity): Line {
    const types = (inputs.instanceTypes as string[] | undefined) ?? [];
    const spot = inputs.capacityType === "SPOT";
    const machines: Record<string, Machine | undefined> = prices.machines;
    const wanted = spot ? types : types.slice(0, 1);
    const unknown = wanted.filter(type => machines[type] === undefined);
    if (unknown.length > 0 || wanted.length === 0) {
        return { what: `Nodes of ${name}`, missing: `a price of ${unknown.join(", ") || "its machines"} in ${file}` };
    }
    const price = wanted.map(type => (machines[type] as Machine).price)
        .reduce((most, next) => next.usd > most.usd ? next : most);
    return { what: `Nodes of ${name}, ${types.join(" or ")}${spot ? ", at most (spot)" : ""}`, quantity, price };
}

function disks(name: string, inputs: Registered["inputs"], quantity: Quantity, stack: Stack): Line[] {
    const template = stack.byId("aws:ec2/launchTemplate:LaunchTemplate", asObject(inputs.launchTemplate).id);
    return items(template?.inputs.blockDeviceMappings).map(({ ebs }): Line => {
        const { volumeType, volumeSize } = asObject(ebs);
        const what = `Disks of ${name}`;
        if (volumeType !== "gp3") return { what, missing: `a price of ${String(volumeType)} in ${file}` };
        return { what, quantity: times(quantity, numberOf(volumeSize)), price: prices.gp3 };
    });
}

function volume({ name, gib, count, provisioner, parameters }: Volume): Line[] {
    if (/^ebs\.csi\./.test(provisioner) && parameters.type === "gp3") {
        return [{ what: `Volume ${name}`, quantity: steady(gib * count), price: prices.gp3 }];
    }
    if (provisioner === "efs.csi.aws.com") {
        return [{ what: `Shared files ${name}, when full`, quantity: steady(gib * count), price: prices.files }];
    }
    const missing = `how ${provisioner || "its storage class"} bills, in infra/cli/cost/aws.ts`;
    return [{ what: `Volume ${name}`, missing }];
}

/** One whole copy of what is shared; later ones hold what has changed. */
function backup({ name, inputs }: Registered, stack: Stack): Line[] {
    if (asObject(inputs.backupPolicy).status !== "ENABLED") return [];
    const gib = stack.volumes.filter(({ provisioner }) => provisioner === "efs.csi.aws.com")
        .reduce((sum, shared) => sum + shared.gib * shared.count, 0);
    return [{ what: `Backup of ${name}, one copy of it full`, quantity: steady(gib), price: prices.filesBackup }];
}

/** A balancer has an address in each zone that has a public subnet. */
function balancers(stack: Stack): Line[] {
    const zones = stack.ofType("aws:ec2/subnet:Subnet")
        .filter(({ inputs }) => "kubernetes.io/role/elb" in asObject(inputs.tags)).length;
    return stack.balancers.flatMap(({ name }): Line[] => [
        { what: `Load balancer ${name}`, quantity: steady(1), price: prices.balancer },
        { what: `Public addresses of load balancer ${name}`, quantity: steady(zones), price: prices.address },
    ]);
}
