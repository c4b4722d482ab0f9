import * as z from "zod";
import { instanceTypesOf, isArm, logTypes, sizes } from "../../../components/cluster/eks/args";
import type { Change } from "../schema/change";
import { Context } from "../schema/defaults";
import { choice, listOf, matching, network, target } from "../schema/fields";
import { rule, Violation } from "../schema/rule";
import { replacesAll, bound, cloudKeys, namedOnce, newPool, poolsOrAuto } from "./cloud";
import { loadBalancerKeys } from "./load-balancer";

const machineTypes = {
    what: "an EC2 instance type, or several of one size with commas between, of which spot pools take what there is",
    pattern: /^[a-z][a-z0-9-]*\.[a-z0-9-]+(,[a-z][a-z0-9-]*\.[a-z0-9-]+){0,19}$/,
    example: "m6i.large",
};

const region = /^(af|ap|ca|eu|il|me|mx|sa|us|us-gov)-[a-z]+-\d$/;
const zone = /^[a-z-]+-\d[a-z]$/;
const principal = /^arn:aws(-us-gov)?:iam::\d{12}:(role|user)\/[\w+=,.@/-]+$/;
const principals = "ARNs of IAM roles and users such as arn:aws:iam::123456789012:role/Operator";
const example = {
    target: "eks", account: "123456789012", region: "eu-west-1", authorizedNetworks: ["203.0.113.0/24"],
    admins: ["arn:aws:iam::123456789012:role/Operator"],
};

const otherFiles: Change =
    "replaces the mount targets and the shared class: volumes on the old file system can't be reached until you set it again";

/** A cluster of Amazon EKS. */
export function eks(context: Context) {
    const keys = z.strictObject({
        target: target("eks", "Creates an Amazon EKS cluster."),
        account: matching("the 12 digits of an AWS account, in quotes", /^\d{12}$/).meta({
            description: "AWS account. Credentials for any other are refused.", example: example.account,
            change: bound,
        }),
        region: matching("a region of AWS such as eu-west-1, outside China", region).meta({
            description: "Region.", example: example.region, change: replacesAll,
        }),
        zones: listOf("three availability zones of the region", matching("an availability zone", zone), 3).optional()
            .meta({
                description: "Availability zones. Not every account has a, b and c.", change: replacesAll,
                example: ["eu-west-1a", "eu-west-1b", "eu-west-1c"], defaultText: "a, b and c of the region",
            }),
        admins: listOf(principals, matching("", principal), 1).meta({
            description: "Who may do everything in the cluster. Whoever runs the program must be among them. For a group of people, "
                + "name the role that they assume.",
            example: example.admins,
        }),
        viewers: listOf(principals, matching("", principal)).default([]).meta({
            description: "Who may view everything in the cluster except Secrets.",
            example: ["arn:aws:iam::123456789012:role/Support"],
        }),
        ...cloudKeys(context, "EKS cluster, its key's alias and its registry", 40, machineTypes, {
            provisioning: "in place; node pools are deleted or created. Refused while the gateway's load balancer has the other way's class: see `loadBalancerClass`", machineType: newPool, diskSize: "in place, node by node",
        }),
        network: network(16, 18).default("10.20.0.0/16").meta({
            description: "Address range of the VPC. Every pod uses one address.", example: "10.40.0.0/16", change: replacesAll,
        }),
        logTypes: listOf(logTypes.join(", "), choice(...logTypes)).optional().meta({
            description: "Control plane logs that are sent to CloudWatch.", example: ["audit"],
            defaultText: "all if size is production, otherwise audit and authenticator",
        }),
        ...loadBalancerKeys({ example: { "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal" }, defaultClass: "eks.amazonaws.com/nlb with `provisioning: auto`, otherwise none" }),
        dnsZone: matching("the id of a hosted zone such as Z0123456789ABCDEFGHIJ", /^Z[A-Z0-9]{1,31}$/)
            .optional().meta({
                description: "Route 53 hosted zone in which external-dns keeps a record for the site's host.",
                example: "Z0123456789ABCDEFGHIJ", defaultText: "none: external-dns is not installed",
            }),
        fileSystem: matching("the id of an EFS file system such as fs-0a1b2c3d4e5f67890", /^fs-[0-9a-f]{8,40}$/)
            .optional().meta({
                description: "EFS file system that an earlier cluster left behind, to use again.",
                example: "fs-0a1b2c3d4e5f67890", defaultText: "a new one", change: otherFiles,
            }),
    });
    const pools = rule(rule(keys, ["provisioning", "nodePools"], poolsOrAuto), ["nodePools"], oneProcessor);
    const labels = rule(rule(pools, ["nodePools"], labelsOfEks), ["tags"], fewTags);
    return rule(rule(labels, ["region", "zones"], threeZones), ["admins", "viewers"], namedOnce)
        .transform(({ zones, nodePools, deletionProtection, logTypes: logs, ...cluster }) => {
            const defaults = sizes[cluster.size];
            return {
                ...cluster,
                zones: zones ?? ["a", "b", "c"].map(letter => `${cluster.region}${letter}`),
                nodePools: cluster.provisioning === "auto" ? {} : nodePools ?? defaults.nodePools,
                deletionProtection: deletionProtection ?? defaults.deletionProtection,
                logTypes: logs ?? defaults.logTypes,
            };
        })
        .meta({ description: "An Amazon EKS cluster, in a network of its own.", example, change: "in place" });
}

function threeZones({ region: given, zones = [] }: { region: string; zones?: string[] }): Violation | undefined {
    const fit = zones.length === 0 || (zones.length === 3 && new Set(zones).size === 3);
    return fit && zones.every(name => name.slice(0, -1) === given) ? undefined : {
        keys: ["zones", "region"], problem: "are not three zones of {cluster.region}",
        allowed: "three different zones of the region",
        example: { region: given, zones: ["a", "b", "c"].map(letter => `${given}${letter}`) },
    };
}

/** A pool has one node image, so all its machines need the same processor architecture. */
function oneProcessor({ nodePools }: { nodePools?: Record<string, { machineType: string }> }): Violation | undefined {
    const mixed = Object.entries(nodePools ?? {}).find(([, { machineType }]) =>
        new Set(instanceTypesOf(machineType).map(isArm)).size > 1);
    return mixed && {
        keys: [`nodePools.${mixed[0]}.machineType`], problem: "mixes machines with Arm processors and others",
        allowed: "instance types with one kind of processor",
        example: { nodePools: { [mixed[0]]: { machineType: "m6i.large,m5.large" } } },
    };
}

/** EKS allows fewer labels than Kubernetes. */
function labelsOfEks(
    { nodePools }: { nodePools?: Record<string, { labels: Record<string, string> }> },
): Violation | undefined {
    const wrong = Object.entries(nodePools ?? {}).find(([, { labels }]) => Object.entries(labels).some(([key, value]) =>
        key.length > 63 || value === "" || /(^|\.)(kubernetes\.io|k8s\.io|eks\.amazonaws\.com)\//.test(key)));
    return wrong && {
        keys: [`nodePools.${wrong[0]}.labels`], problem: "contain a label that EKS doesn't allow",
        allowed: "keys of at most 63 characters, not Kubernetes' or EKS's own; values that are not empty",
        example: { nodePools: { [wrong[0]]: { machineType: machineTypes.example, labels: { tier: "web" } } } },
    };
}

/** AWS allows 50; we and the controllers use some. */
function fewTags({ tags }: { tags: Record<string, string> }): Violation | undefined {
    return Object.keys(tags).length <= 40 ? undefined : {
        keys: ["tags"], problem: "are too many", allowed: "at most 40 tags",
        example: { tags: { "cost-center": "web" } },
    };
}
