import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const { CustomResource } = kubernetes.apiextensions;
type Made = kubernetes.apiextensions.CustomResource;

/** Waits for cert-manager's condition: Pulumi doesn't know when custom resources are ready. */
export const untilReady = { "pulumi.com/waitFor": "condition=Ready" };

/** Creates an Issuer. It is ready when it can sign. */
export function createIssuer(
    name: string, namespace: pulumi.Output<string>, spec: object, options: pulumi.CustomResourceOptions,
): Made {
    return new CustomResource(`${name}-issuer`, {
        apiVersion: "cert-manager.io/v1",
        kind: "Issuer",
        metadata: { name, namespace, annotations: untilReady },
        spec,
    }, options);
}

/** Creates a Certificate. cert-manager keeps it valid in the Secret of the same name, or the one in `spec`. */
export function createCertificate(
    name: string, namespace: pulumi.Output<string>, annotations: Record<string, string>, spec: object,
    options: pulumi.CustomResourceOptions,
): Made {
    return new CustomResource(`${name}-certificate`, {
        apiVersion: "cert-manager.io/v1",
        kind: "Certificate",
        metadata: { name, namespace, annotations },
        spec: { secretName: name, ...spec },
    }, options);
}
