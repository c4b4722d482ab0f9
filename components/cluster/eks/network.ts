import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { splitNetwork } from "../ipv4";
import type { Scope } from "./scope";

export interface Network {
    vpc: ec2.Vpc;
    /** Of nodes and pods, one a zone. */
    privateSubnets: ec2.Subnet[];
    /** The ways out; what is in the private subnets depends on them, so that it can work to the end of a destroy. */
    routes: pulumi.Resource[];
}

/** Creates the VPC: in each zone a private subnet for nodes, and a public one for load balancers and the way out. */
export function createNetwork(scope: Scope): Network {
    const { name, args, options } = scope;
    const vpc = new ec2.Vpc(`${name}-vpc`, {
        cidrBlock: args.network,
        enableDnsSupport: true,
        enableDnsHostnames: true,
        tags: { Name: args.name },
    }, options);
    // Without rules: nothing is to use it.
    new ec2.DefaultSecurityGroup(`${name}-default-security-group`, { vpcId: vpc.id }, options);

    const blocks = blocksOf(args.network, args.zones.length);
    const publicSubnets = createSubnets(scope, vpc, "public", blocks.public);
    const privateSubnets = createSubnets(scope, vpc, "private", blocks.private);
    const ways = createPublicRoutes(scope, vpc, publicSubnets);
    const routes = createPrivateRoutes(scope, vpc, publicSubnets, privateSubnets, ways);
    return { vpc, privateSubnets, routes };
}

/** A quarter of the network for each private subnet, as every pod takes an address; the public ones share the last. */
function blocksOf(network: string, zones: number): { public: string[]; private: string[] } {
    const prefix = Number(network.split("/")[1]);
    return {
        private: splitNetwork(network, prefix + 2, zones),
        public: splitNetwork(network, prefix + 4, zones, zones * 2 ** (32 - prefix - 2)),
    };
}

/** By these tags the controllers of load balancers find subnets for those that face the internet, and for others. */
const roles = { public: "kubernetes.io/role/elb", private: "kubernetes.io/role/internal-elb" };

function createSubnets(
    { name, args, options }: Scope, vpc: ec2.Vpc, kind: keyof typeof roles, blocks: string[],
): ec2.Subnet[] {
    return args.zones.map((zone, index) => new ec2.Subnet(`${name}-${kind}-${letterOf(zone)}`, {
        vpcId: vpc.id,
        availabilityZone: zone,
        cidrBlock: blocks[index],
        mapPublicIpOnLaunch: false,
        tags: { Name: `${args.name}-${kind}-${letterOf(zone)}`, [roles[kind]]: "1" },
    }, options));
}

function createPublicRoutes(
    { name, args, options }: Scope, vpc: ec2.Vpc, subnets: ec2.Subnet[],
): pulumi.Resource[] {
    const gateway = new ec2.InternetGateway(`${name}-internet-gateway`, {
        vpcId: vpc.id, tags: { Name: args.name },
    }, options);
    const table = new ec2.RouteTable(`${name}-public`, {
        vpcId: vpc.id, tags: { Name: `${args.name}-public` },
    }, options);
    const route = new ec2.Route(`${name}-public-route`, {
        routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", gatewayId: gateway.id,
    }, options);
    return [route, ...associate(`${name}-public`, args.zones, subnets, () => table, options)];
}

/** Private subnets reach the outside by a NAT gateway, and S3, where images' layers lie, without one. */
function createPrivateRoutes(
    scope: Scope, vpc: ec2.Vpc, publicSubnets: ec2.Subnet[], privateSubnets: ec2.Subnet[], ways: pulumi.Resource[],
): pulumi.Resource[] {
    const { name, args, defaults, options } = scope;
    const own = defaults.natPerZone ? args.zones : args.zones.slice(0, 1);
    const tables = own.map((zone, index) => {
        const letter = letterOf(zone);
        const tags = { Name: `${args.name}-${letter}` };
        const address = new ec2.Eip(`${name}-nat-address-${letter}`, { domain: "vpc", tags }, options);
        const gateway = new ec2.NatGateway(`${name}-nat-${letter}`, {
            subnetId: publicSubnets[index].id, allocationId: address.id, tags,
        }, { ...options, dependsOn: ways });
        const table = new ec2.RouteTable(`${name}-private-${letter}`, {
            vpcId: vpc.id, tags: { Name: `${args.name}-private-${letter}` },
        }, options);
        const route = new ec2.Route(`${name}-private-route-${letter}`, {
            routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", natGatewayId: gateway.id,
        }, options);
        return { table, route };
    });
    const endpoint = new ec2.VpcEndpoint(`${name}-s3`, {
        vpcId: vpc.id,
        vpcEndpointType: "Gateway",
        serviceName: `com.amazonaws.${args.region}.s3`,
        routeTableIds: tables.map(({ table }) => table.id),
        tags: { Name: `${args.name}-s3` },
    }, options);
    const tableOf = (index: number): ec2.RouteTable => (tables[index] ?? tables[0]).table;
    const associations = associate(`${name}-private`, args.zones, privateSubnets, tableOf, options);
    return [endpoint, ...tables.map(({ route }) => route), ...associations];
}

function associate(
    name: string, zones: string[], subnets: ec2.Subnet[], tableOf: (index: number) => ec2.RouteTable,
    options: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
    return subnets.map((subnet, index) => new ec2.RouteTableAssociation(`${name}-${letterOf(zones[index])}`, {
        subnetId: subnet.id, routeTableId: tableOf(index).id,
    }, options));
}

/** What tells the zones of a region apart: `a` of `eu-west-1a`. */
function letterOf(zone: string): string {
    return zone.slice(-1);
}
