import type { Cluster } from "@pulumi/gcp/container";
import { IAMMember } from "@pulumi/gcp/projects";
import * as pulumi from "@pulumi/pulumi";
import { execKubeconfig, type LoginCheck } from "../cloud/access";
import { rendering } from "../lookup";
import type { Scope } from "./args";

const plugin = {
    command: "gke-gcloud-auth-plugin",
    // The same credentials that the Google Cloud provider uses.
    args: ["--use_application_default_credentials"],
};

/** The plugin itself: it fails without credentials. */
export const loginCheck: LoginCheck = {
    ...plugin,
    install: "Install it: gcloud components install gke-gcloud-auth-plugin, or the system's package "
        + "google-cloud-cli-gke-gcloud-auth-plugin.",
    login: "Log in: gcloud auth application-default login; a pipeline sets GOOGLE_APPLICATION_CREDENTIALS.",
};

/** The kubeconfig for the cluster's public address, with which the plugin gets a token for whoever uses it. */
export function kubeconfigOf(clusterName: string, cluster: Cluster): pulumi.Output<string> {
    return execKubeconfig({
        name: clusterName,
        server: rendering() ? "https://kubernetes.invalid" : pulumi.interpolate`https://${cluster.endpoint}`,
        certificateAuthority: rendering() ? undefined : cluster.masterAuth.clusterCaCertificate.apply(ca => ca ?? ""),
        exec: plugin,
    });
}

const roles = { admins: "roles/container.admin", viewers: "roles/container.viewer" } as const;

/**
 * Gives the admins and viewers access to this cluster, but to no other of the project. Kubernetes asks IAM, so nothing is
 * stored in the cluster, and nobody has a long-lived credential.
 */
export function createAccess({ name, args, options }: Scope): IAMMember[] {
    const resource = `projects/${args.project}/locations/${args.region}/clusters/${args.name}`;
    return (Object.keys(roles) as (keyof typeof roles)[]).flatMap(kind => args[kind].map(member =>
        new IAMMember(`${name}-${kind}-${member.replace(/[^\w.@-]+/g, "-")}`, {
            project: args.project,
            role: roles[kind],
            member,
            condition: {
                title: `${args.name} only`,
                description: `Made by ${pulumi.getProject()}/${pulumi.getStack()}`,
                expression: `resource.name == "${resource}"`,
            },
        }, options)));
}
