import * as pulumi from "@pulumi/pulumi";
import { scriptCommand } from "../../../script";
import type { DescribedCluster } from "./describe";
import { environment, scripts } from "./resources";

/** Patches the nodes, one after the other, if the settings name patches; returns the last step. */
export function createPatches(
    name: string, { facts, nodes, controlPlanes, ssh, secrets }: DescribedCluster,
    { machines, upgraded }: { machines: pulumi.Resource; upgraded: pulumi.Resource[] }, parent: pulumi.Resource,
): pulumi.Resource[] {
    const { patches, reboot, bundle, tainted, size } = facts;
    if (patches === undefined) return upgraded;
    return nodes.reduce<pulumi.Resource[]>((before, node) => [scriptCommand(`${name}-${node.name}-patches`, {
        create: `${scripts}/patch.ts`,
        environment: environment({
            patches, reboot, ...(bundle && { bundle, tainted }), size: Math.min(size, 2),
        }, { NODE: node, NODES: controlPlanes, SSH: ssh }, secrets),
        tells: true,
    }, { parent, deletedWith: machines, dependsOn: before })], upgraded);
}
