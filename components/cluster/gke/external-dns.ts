import { DnsManagedZoneIamMember } from "@pulumi/gcp/dns";
import { IAMMember } from "@pulumi/gcp/projects";
import * as pulumi from "@pulumi/pulumi";
import { identities } from "../cloud/identities";
import type { CloudController } from "../cluster";
import type { GkeArgs } from "./args";

export interface ExternalDns {
    controller: CloudController;
    grants: pulumi.Resource[];
}

/**
 * Lets external-dns change the records of one zone, and look for that zone among the project's. It is its Kubernetes
 * ServiceAccount that IAM knows: there is no account of Google's in between, and no key.
 */
export function createExternalDns(
    name: string, args: GkeArgs, number: pulumi.Output<string>, opts: pulumi.CustomResourceOptions,
): ExternalDns | undefined {
    const { dnsZone: managedZone, project } = args;
    if (managedZone === undefined) return undefined;
    const { namespace, serviceAccount } = identities.externalDns;
    const pools = pulumi.interpolate`//iam.googleapis.com/projects/${number}/locations/global/workloadIdentityPools`;
    const subject = `subject/ns/${namespace}/sa/${serviceAccount}`;
    const member = pulumi.interpolate`principal:${pools}/${project}.svc.id.goog/${subject}`;
    const role = "roles/dns.admin";
    const grants = [
        new DnsManagedZoneIamMember(`${name}-dns-zone`, { managedZone, project, role, member }, opts),
        new IAMMember(`${name}-dns-zones`, { project, role: "roles/dns.reader", member }, opts),
    ];
    const controllerArgs = ["--provider=google", `--google-project=${project}`, `--zone-id-filter=${managedZone}`];
    return { controller: { args: controllerArgs }, grants };
}
