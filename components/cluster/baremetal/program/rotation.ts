import * as pulumi from "@pulumi/pulumi";
import { scriptCommand } from "../../../script";
import type { DescribedCluster } from "./describe";
import { environment, scripts } from "./resources";

/**
 * Makes the control plane's certificates and its encryption key anew, once for every text that the settings give them;
 * returns the last step. Where the settings give none there is no resource.
 */
export function createRotations(
    name: string, { facts, controlPlanes, ssh, secrets }: DescribedCluster,
    { machines, upgraded }: { machines: pulumi.Resource; upgraded: pulumi.Resource[] }, parent: pulumi.Resource,
): pulumi.Resource[] {
    const rotations: [string, string, string | undefined][] = [
        ["certificates", "certificates.ts", facts.rotate.certificates],
        ["encryption-key", "encryption-key.ts", facts.rotate.encryptionKey],
    ];
    return rotations.reduce((before, [what, script, rotation]) => rotation === undefined ? before : [
        scriptCommand(`${name}-${what}`, {
            create: `${scripts}/${script}`,
            environment: environment({
                rotation, virtualAddress: facts.virtualAddress,
            }, { NODES: controlPlanes, SSH: ssh }, secrets),
        }, { parent, deletedWith: machines, dependsOn: before }),
    ], upgraded);
}
