import type { Registered } from "../capture";
import { asObject, asString, items, type Values } from "../../values";
import { cheapestFit } from "./fit";
import { Cloud, Line, Machine, Price, Quantity, steady } from "./model";
import * as prices from "./prices/azure";
import { numberOf, Stack, Volume } from "./stack";

const file = "infra/cli/cost/prices/azure.ts";
/** GiB of the disk that node auto-provisioning gives each node. */
const autoDisk = 128;

export const azure: Cloud = {
    name: "Azure",
    prefix: "azure-native:",
    region: prices.region,
    file,
    regionOf: stack => asString(stack.ofType("azure-native:containerservice:ManagedCluster")[0]?.inputs.location),
    billed: {
        "azure-native:containerservice:ManagedCluster": cluster,
        "azure-native:containerservice:AgentPool": ({ name, inputs }) => pool(name, inputs),
        "azure-native:network:PublicIPAddress": () =>
            [{ what: "Public addresses", quantity: steady(1), price: prices.address }],
        "azure-native:containerregistry:Registry": registry,
    },
    inCluster: stack => [...stack.volumes.flatMap(volume), ...balancers(stack)],
    byUse: {
        "azure-native:containerregistry:Registry": [{ what: "Images in the registry", price: prices.images }],
        "azure-native:operationalinsights:Workspace": [
            { what: "Logs written", price: prices.logsIngested },
            { what: "Logs kept", price: prices.logsKept },
        ],
        "azure-native:keyvault:Key": [{ what: "Uses of the key", price: prices.keyUses }],
    },
    always: [
        { what: "Traffic to the internet", price: prices.trafficOut },
        { what: "Traffic through the load balancer", price: prices.balancerData },
    ],
    free: [
        "azure-native:authorization:PolicyAssignment", "azure-native:authorization:RoleAssignment",
        "azure-native:containerservice:MaintenanceConfiguration", "azure-native:managedidentity:UserAssignedIdentity",
        "azure-native:managedidentity:FederatedIdentityCredential", "azure-native:network:Subnet",
        "azure-native:network:VirtualNetwork", "azure-native:resources:ResourceGroup",
        // Counted with the uses of its keys.
        "azure-native:keyvault:Vault",
        // Counted with the workspace that it writes to.
        "azure-native:monitor:DiagnosticSetting",
        // Counted with the volumes in it.
        "azure-native:storage:StorageAccount", "azure-native:storage:FileServiceProperties",
    ],
};

function cluster({ inputs }: Registered, stack: Stack): Line[] {
    const systemPools = items(inputs.agentPoolProfiles).flatMap(profile => pool(String(profile.name), profile));
    const auto = asObject(inputs.nodeProvisioningProfile).mode === "Auto" ? autoNodes(stack) : [];
    return [...controlPlane(asObject(inputs.sku)), ...systemPools, ...auto];
}

function controlPlane({ tier }: Values): Line[] {
    if (tier === "Free") return [];
    const price = (prices.clusters as Record<string, Price | undefined>)[String(tier)];
    if (!price) return [{ what: "Control plane", missing: `a price of the tier ${String(tier)} in ${file}` }];
    return [{ what: "Control plane", quantity: steady(1), price }];
}

/** Spot machines are counted at the price on demand, which they never exceed. */
function pool(name: string, inputs: Values): Line[] {
    const { count, enableAutoScaling, minCount, maxCount, vmSize, osDiskSizeGB, scaleSetPriority } = inputs;
    const quantity = enableAutoScaling === true
        ? { rest: numberOf(minCount), spike: numberOf(maxCount) }
        : steady(numberOf(count));
    const machine = (prices.machines as Record<string, Machine | undefined>)[String(vmSize)];
    const spot = scaleSetPriority === "Spot" ? ", at most (spot)" : "";
    const nodes: Line = machine
        ? { what: `Nodes of ${name}, ${String(vmSize)}${spot}`, quantity, price: machine.price }
        : { what: `Nodes of ${name}`, missing: `a price of ${String(vmSize)} in ${file}` };
    return [nodes, disks(name, numberOf(osDiskSizeGB), quantity)];
}

/** Nothing where AKS finds that the machine's own disk is large enough; only Azure knows of which it is. */
function disks(name: string, gib: number, quantity: Quantity): Line {
    return disk(`Disks of ${name}, at most`, "Premium_LRS", gib, quantity);
}

/** Node auto-provisioning takes machines of the family D with processors of the kind x86. */
function autoNodes(stack: Stack): Line[] {
    const candidates = Object.entries(prices.machines).filter(([type]) => /^Standard_D\d+a?d?s_/.test(type));
    const { type, machine, count } = cheapestFit(Object.fromEntries(candidates), stack.requests);
    return [
        { what: `Nodes by auto-provisioning, at the least, as ${type}`, quantity: count, price: machine.price },
        disks("nodes by auto-provisioning", autoDisk, count),
    ];
}

function registry({ inputs }: Registered): Line[] {
    const sku = String(asObject(inputs.sku).name);
    const price = (prices.registry as Record<string, Price | undefined>)[sku];
    if (!price) return [{ what: "Registry", missing: `a price of the tier ${sku} in ${file}` }];
    return [{ what: `Registry, ${sku}`, quantity: steady(1), price }];
}

function volume({ name, gib, count, provisioner, parameters }: Volume): Line[] {
    if (provisioner === "disk.csi.azure.com") {
        return [disk(`Volume ${name}`, parameters.skuName, gib, steady(count))];
    }
    const share = (prices.shares as Record<string, Price | undefined>)[parameters.skuName];
    if (provisioner === "file.csi.azure.com" && share) {
        const billed = Math.max(gib, prices.smallestShare);
        return [{ what: `Shared files ${name}, ${parameters.skuName}`, quantity: steady(billed * count), price: share }];
    }
    const missing = `how ${provisioner || "its storage class"} bills, in infra/cli/cost/azure.ts`;
    return [{ what: `Volume ${name}`, missing }];
}

/** A disk is billed as the next size that there is. */
function disk(what: string, kind: string, gib: number, quantity: Quantity): Line {
    const sizes = Object.entries((prices.managedDisks as Record<string, Record<string, Price>>)[kind] ?? {});
    const found = sizes.find(([size]) => Number(size) >= gib);
    if (!found) return { what, missing: `a price of ${kind} with ${gib} GiB in ${file}` };
    return { what: `${what}, ${kind} of ${found[0]} GiB`, quantity, price: found[1] };
}

/** The cluster's one balancer has a rule for each port, and one for the way out; each Service has an address. */
function balancers(stack: Stack): Line[] {
    const rules = stack.balancers.reduce((sum, { ports }) => sum + ports, 1);
    return [
        { what: "Load balancer, its first five rules", quantity: steady(1), price: prices.fiveRules },
        ...(rules > 5
            ? [{ what: "Load balancer, more rules", quantity: steady(rules - 5), price: prices.moreRules }]
            : []),
        ...stack.balancers.map(() => ({ what: "Public addresses", quantity: steady(1), price: prices.address })),
    ];
}
