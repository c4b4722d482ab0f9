import * as z from "zod";
import { Context } from "../schema/defaults";
import { dnsLabel, listOf, matching, target } from "../schema/fields";
import { rule, Violation } from "../schema/rule";
import { replacesAll, cloudKeys, poolsOrAuto, twoZones } from "./cloud";
import { loadBalancerKeys } from "./load-balancer";

const machineTypes = {
    what: "a machine type of the families E2, N1, N2 and N2D: others don't attach disks that are in two zones",
    pattern: /^(e2|n1|n2|n2d)-((standard|highmem|highcpu)-\d{1,3}|custom-\d{1,3}-\d{3,7}(-ext)?)$/,
    example: "e2-standard-4",
};

/** Google creates accounts whose names are the cluster's and one more word. */
const longestName = 24;
const region = /^[a-z]+-[a-z]+\d{1,2}$/;
const account = /^(user|group|serviceAccount):[^\s@"]+@[a-z0-9.-]+$/;
const federated = /^principal(Set)?:\/\/iam\.googleapis\.com\/[^\s"]+$/;

function principals(what: string, example: string) {
    const allowed = "IAM principals such as user:jane@example.com, group:platform@example.com or serviceAccount:…";
    const entry = z.union([matching("", account), matching("", federated)]);
    return listOf(allowed, entry).default([]).meta({ description: what, example: [example] });
}

/** A cluster on Google Kubernetes Engine. */
export function gke(context: Context) {
    const keys = z.strictObject({
        target: target("gke", "Creates a Google Kubernetes Engine cluster."),
        ...cloudKeys(context, "GKE cluster", longestName, machineTypes, {
            provisioning: replacesAll, machineType: "in place, node by node", diskSize: "in place, node by node",
        }, 12),
        project: matching(
            "a project's id: 6 to 30 lower-case letters, digits and \"-\"", /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
        ).meta({ description: "Id of the Google Cloud project. It needs billing.", example: "acme-prod", change: replacesAll }),
        region: matching("a region such as europe-west3", region).meta({
            description: "Region of the cluster.", example: "europe-west3", change: replacesAll,
        }),
        zones: listOf("zones of the region such as europe-west3-a", matching("", /^[a-z]+-[a-z]+\d{1,2}-[a-z]$/), 1)
            .optional().meta({
                description: "Zones of the nodes. Disks in two zones need two of them.",
                example: ["europe-west3-a", "europe-west3-b", "europe-west3-c"], defaultText: "three that GKE chooses",
            }),
        admins: principals(
            "Who may do everything in the cluster, in addition to those who may in the whole project.",
            "group:platform@example.com"),
        viewers: principals("Who may view everything in the cluster except Secrets.", "user:jane@example.com"),
        ...loadBalancerKeys({ example: { "networking.gke.io/load-balancer-type": "Internal" } }),
        dnsZone: dnsLabel().optional().meta({
            description: "Cloud DNS managed zone of the project, in which external-dns keeps a record for the site's host.",
            example: "example-com", defaultText: "none: external-dns is not installed",
        }),
    });
    const pools = rule(keys, ["provisioning", "nodePools"], poolsOrAuto);
    const zones = rule(rule(pools, ["region", "zones"], inRegion), ["size", "zones"], twoZones);
    return rule(zones, ["name"], beginsWithLetter).meta({
        description: "A Google Kubernetes Engine cluster, in a network of its own.",
        example: {
            target: "gke", project: "acme-prod", region: "europe-west3", authorizedNetworks: ["203.0.113.0/24"],
        },
        change: "in place",
    });
}

function inRegion({ region, zones = [] }: { region: string; zones?: string[] }): Violation | undefined {
    return zones.every(zone => zone.startsWith(`${region}-`)) ? undefined : {
        keys: ["zones", "region"], problem: "are not all in {cluster.region}",
        allowed: "zones of the region", example: { region, zones: ["a", "b", "c"].map(zone => `${region}-${zone}`) },
    };
}

function beginsWithLetter({ name }: { name: string }): Violation | undefined {
    return /^[a-z]/.test(name) ? undefined : {
        keys: ["name"], problem: "begins with a digit, which Google doesn't allow",
        allowed: `1 to ${longestName} lower-case letters, digits and "-", beginning with a letter`,
        example: { name: `gke-${name}`.slice(0, longestName) },
    };
}
