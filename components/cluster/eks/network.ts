import * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { tagList } from "../cloud/args";
import { type LoadBalancing, noticedAfter, serviceSeconds, withLoadBalancerArgs } from "../cluster";
import { splitNetwork } from "../ipv4";
import type { Scope } from "./args";

export interface Network {
    vpc: ec2.Vpc;
    /** For nodes and pods, one in each zone. */
    privateSubnets: ec2.Subnet[];
    /** Routes out. Whatever is in the private subnets depends on them, so it stays online to the end of a destroy. */
    routes: pulumi.Resource[];
}

/** Creates the VPC: in each zone a private subnet for nodes, and a public one for load balancers and NAT. */
export function createNetwork(scope: Scope): Network {
    const { name, args, options } = scope;
    const vpc = new ec2.Vpc(`${name}-vpc`, {
        cidrBlock: args.network,
        enableDnsSupport: true,
        enableDnsHostnames: true,
        tags: { Name: args.name },
    }, options);
    // Without rules, because nothing should use it.
    new ec2.DefaultSecurityGroup(`${name}-default-security-group`, { vpcId: vpc.id }, options);

    const blocks = blocksOf(args.network, args.zones.length);
    const publicSubnets = createSubnets(scope, vpc, "public", blocks.public);
    const privateSubnets = createSubnets(scope, vpc, "private", blocks.private);
    const publicRoutes = createPublicRoutes(scope, vpc, publicSubnets);
    const routes = createPrivateRoutes(scope, vpc, publicSubnets, privateSubnets, publicRoutes);
    return { vpc, privateSubnets, routes };
}

/** Each private subnet gets a quarter of the network, because every pod uses an address. The public ones share the last. */
function blocksOf(network: string, zones: number): { public: string[]; private: string[] } {
    const prefix = Number(network.split("/")[1]);
    return {
        private: splitNetwork(network, prefix + 2, zones),
        public: splitNetwork(network, prefix + 4, zones, zones * 2 ** (32 - prefix - 2)),
    };
}

/** Tags by which load balancer controllers find the subnets for public and for internal load balancers. */
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

/** Private subnets reach the internet through a NAT gateway, but S3, which stores images' layers, without one. */
function createPrivateRoutes(
    scope: Scope, vpc: ec2.Vpc, publicSubnets: ec2.Subnet[], privateSubnets: ec2.Subnet[],
    publicRoutes: pulumi.Resource[],
): pulumi.Resource[] {
    const { name, args, defaults, options } = scope;
    const own = defaults.natPerZone ? args.zones : args.zones.slice(0, 1);
    const tables = own.map((zone, index) => {
        const letter = letterOf(zone);
        const tags = { Name: `${args.name}-${letter}` };
        const address = new ec2.Eip(`${name}-nat-address-${letter}`, { domain: "vpc", tags }, options);
        const gateway = new ec2.NatGateway(`${name}-nat-${letter}`, {
            subnetId: publicSubnets[index].id, allocationId: address.id, tags,
        }, { ...options, dependsOn: publicRoutes });
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

/** The letter of a zone: `a` for `eu-west-1a`. */
function letterOf(zone: string): string {
    return zone.slice(-1);
}

/** The network of the Services: private addresses outside the VPC's. */
export function servicesOf(network: string): string {
    return network.startsWith("172.") ? "10.100.0.0/16" : "172.20.0.0/16";
}

/** Where kubelets tell pods to find DNS: `172.20.0.10` in `172.20.0.0/16`. */
export function dnsAddressOf(network: string): string {
    return servicesOf(network).replace(/\.0\/\d+$/, ".10");
}

const annotation = "service.beta.kubernetes.io/aws-load-balancer";

/**
 * AWS allows no fewer failures. For 30 to 40 s after it has noticed, connections still arrive.
 * Source: https://github.com/aws/containers-roadmap/issues/470
 */
const healthCheck = { interval: 10, failures: 2, spread: 40 };

/**
 * If a load balancer sends to the pods directly, a terminating pod is removed from its list, but still gets connections for
 * two minutes. Source: the same, and kubernetes-sigs/aws-load-balancer-controller issue 2366.
 */
const deregistrationSeconds = 120;

/** The load balancer of a Service. Auto Mode has a controller of its own for it. */
export function loadBalancingOf({ args, tags }: Scope): LoadBalancing {
    return withLoadBalancerArgs(args.provisioning === "auto" ? autoLoadBalancing : poolLoadBalancing(tags), args);
}

/**
 * A Network Load Balancer, by the controller in EKS's control plane: there is nothing to install. Each of its zones sends
 * to the nodes of all zones, because two proxies don't cover three zones.
 */
function poolLoadBalancing(tags: Record<string, string>): LoadBalancing {
    return {
        type: "LoadBalancer",
        drainSeconds: noticedAfter(healthCheck),
        seesClients: true,
        annotations: {
            [`${annotation}-type`]: "nlb",
            [`${annotation}-healthcheck-interval`]: String(healthCheck.interval),
            [`${annotation}-healthcheck-healthy-threshold`]: String(healthCheck.failures),
            [`${annotation}-healthcheck-unhealthy-threshold`]: String(healthCheck.failures),
            [`${annotation}-cross-zone-load-balancing-enabled`]: "true",
            [`${annotation}-additional-resource-tags`]: tagList(tags),
        },
    };
}

/** The same by Auto Mode's controller, which sends to the pods directly and preserves the client's address. */
const autoLoadBalancing: LoadBalancing = {
    type: "LoadBalancer",
    drainSeconds: serviceSeconds + deregistrationSeconds,
    seesClients: true,
    loadBalancerClass: "eks.amazonaws.com/nlb",
    annotations: {
        [`${annotation}-scheme`]: "internet-facing",
        [`${annotation}-nlb-target-type`]: "ip",
        [`${annotation}-attributes`]: "load_balancing.cross_zone.enabled=true",
        [`${annotation}-target-group-attributes`]: "preserve_client_ip.enabled=true",
    },
};
