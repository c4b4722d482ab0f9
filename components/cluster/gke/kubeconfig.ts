import type { Cluster } from "@pulumi/gcp/container";
import * as pulumi from "@pulumi/pulumi";
import type { Helper } from "../cloud/helper";
import { execKubeconfig } from "../cloud/kubeconfig";
import { rendering } from "../lookup";

const plugin = {
    command: "gke-gcloud-auth-plugin",
    // Those that the provider of Google Cloud uses as well.
    args: ["--use_application_default_credentials"],
};

/** The program that gets the tokens for the cluster; it shows by itself whether there are credentials. */
export const helper: Helper = {
    ...plugin,
    install: "Install it: gcloud components install gke-gcloud-auth-plugin, or the system's package "
        + "google-cloud-cli-gke-gcloud-auth-plugin.",
    login: "Log in: gcloud auth application-default login; a pipeline sets GOOGLE_APPLICATION_CREDENTIALS.",
};

/** Leads to the cluster's public address by a token of whoever uses it. */
export function kubeconfigOf(clusterName: string, cluster: Cluster): pulumi.Output<string> {
    return execKubeconfig({
        name: clusterName,
        server: rendering() ? "https://kubernetes.invalid" : pulumi.interpolate`https://${cluster.endpoint}`,
        certificateAuthority: rendering() ? undefined : cluster.masterAuth.clusterCaCertificate.apply(ca => ca ?? ""),
        exec: plugin,
    });
}

/** The DNS name that GKE gives to a control plane: another one every time, though its name be the same. */
export function incarnationOf(cluster: Cluster): pulumi.Output<string> {
    return cluster.controlPlaneEndpointsConfig.apply(({ dnsEndpointConfig }) => {
        if (dnsEndpointConfig?.endpoint) return dnsEndpointConfig.endpoint;
        if (rendering()) return "rendered.gke.goog";
        throw new pulumi.RunError("GKE gave the cluster no DNS endpoint, by which it is told from any other.");
    });
}
