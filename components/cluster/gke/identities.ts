import type { Cluster } from "@pulumi/gcp/container";
import { DnsManagedZoneIamMember } from "@pulumi/gcp/dns";
import { IAMMember, ServiceIdentity } from "@pulumi/gcp/projects";
import { Account } from "@pulumi/gcp/serviceaccount";
import * as pulumi from "@pulumi/pulumi";
import { type CloudController, controllerAccounts } from "../cluster";
import type { Scope } from "./args";

/** E-mail addresses of Google's own service accounts that use the cluster's keys, by the project's number. */
export const serviceAgents = {
    container: (projectNumber: string) => `service-${projectNumber}@container-engine-robot.iam.gserviceaccount.com`,
    compute: (projectNumber: string) => `service-${projectNumber}@compute-system.iam.gserviceaccount.com`,
    file: (projectNumber: string) => `service-${projectNumber}@cloud-filer.iam.gserviceaccount.com`,
};

/**
 * Creates those service agents that Google would only create with the first cluster or file system. By then, they must
 * already have access to the keys.
 */
export function createServiceAgents({ name, options }: Scope): ServiceIdentity[] {
    return ["container", "file"].map(service =>
        new ServiceIdentity(`${name}-agent-${service}`, { service: `${service}.googleapis.com` }, options));
}

/** The nodes' service account. */
interface NodeAccount {
    email: pulumi.Output<string>;
    grant: IAMMember;
}

/** Creates a service account that may only write logs and metrics. The default one may edit the whole project. */
export function createNodeAccount({ name, args, options }: Scope): NodeAccount {
    const account = new Account(`${name}-nodes`, {
        accountId: `${args.name}-nodes`,
        displayName: `Nodes of the cluster ${args.name}`,
    }, options);
    // Not the account's output `email`, which is unknown when rendering.
    const email = pulumi.interpolate`${account.accountId}@${args.project}.iam.gserviceaccount.com`;
    const grant = new IAMMember(`${name}-nodes-role`, {
        project: args.project,
        role: "roles/container.defaultNodeServiceAccount",
        member: pulumi.interpolate`serviceAccount:${email}`,
    }, options);
    return { email, grant };
}

export interface ExternalDns {
    controller: CloudController;
    grants: pulumi.Resource[];
}

/**
 * Lets external-dns change the records of one zone, and find that zone among the project's. IAM knows its Kubernetes
 * ServiceAccount directly, so it needs no Google service account and no key.
 */
export function createExternalDns(scope: Scope, cluster: Cluster): ExternalDns | undefined {
    const { name, args: { dnsZone: managedZone, project }, projectNumber } = scope;
    if (managedZone === undefined) return undefined;
    const options = { ...scope.options, dependsOn: cluster };
    const { namespace, serviceAccount } = controllerAccounts.externalDns;
    const pools = pulumi.interpolate`//iam.googleapis.com/projects/${projectNumber}/locations/global/workloadIdentityPools`;
    const subject = `subject/ns/${namespace}/sa/${serviceAccount}`;
    const member = pulumi.interpolate`principal:${pools}/${project}.svc.id.goog/${subject}`;
    const role = "roles/dns.admin";
    const grants = [
        new DnsManagedZoneIamMember(`${name}-dns-zone`, { managedZone, project, role, member }, options),
        new IAMMember(`${name}-dns-zones`, { project, role: "roles/dns.reader", member }, options),
    ];
    const controllerArgs = ["--provider=google", `--google-project=${project}`, `--zone-id-filter=${managedZone}`];
    return { controller: { args: controllerArgs }, grants };
}
