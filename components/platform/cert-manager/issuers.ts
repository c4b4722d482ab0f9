import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { withEphemeralStorage } from "../../scratch";
import { objectLabels, selectorLabels } from "../../workload/labels";
import { allowConnection, networkPolicy } from "../../workload/network";
import { podSecurityContext } from "../../workload/security";
import type { Gateway } from "../gateway";
import { Issuance, letsEncrypt } from "./issuance";
import { controllerName, solver } from "./names";
import { createIssuer } from "./objects";

type AcmeIssuance = Extract<Issuance, { issuer: "acme" }>;

/** Creates the issuer that orders certificates from an ACME server. The gateway accepts the server's challenges. */
export function createAcmeIssuer(
    namespace: pulumi.Output<string>, { server = letsEncrypt, email }: AcmeIssuance, gateway: Gateway,
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): kubernetes.apiextensions.CustomResource {
    allowChallenges(namespace, gateway, Number(new URL(server).port || 443), options);
    return createIssuer("acme", namespace, {
        acme: {
            server,
            ...(email && { email }),
            privateKeySecretRef: { name: "acme-account" },
            solvers: [{
                http01: {
                    gatewayHTTPRoute: {
                        serviceType: "ClusterIP",
                        parentRefs: [{ name: gateway.gatewayName, namespace: gateway.namespace, sectionName: "http" }],
                        podTemplate: {
                            metadata: { labels: objectLabels(solver.name) },
                            spec: {
                                securityContext: podSecurityContext(65532),
                                resources: withEphemeralStorage({
                                    requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "100m", memory: "64Mi" },
                                }),
                            },
                        },
                    },
                },
            }],
        },
    }, options);
}

/** Lets the gateway reach the solvers. Lets cert-manager reach the ACME server and, to test a challenge, the site itself. */
function allowChallenges(
    namespace: pulumi.Output<string>, gateway: Gateway, serverPort: number,
    options: pulumi.CustomResourceOptions & { parent: pulumi.Resource },
): void {
    const ports = [...new Set([80, 443, serverPort])];
    allowConnection(options.parent, gateway, { ...solver, namespace, cluster: gateway.cluster });
    networkPolicy(`${controllerName}-to-outside`, namespace, {
        podSelector: { matchLabels: selectorLabels(controllerName) },
        policyTypes: ["Egress"],
        egress: [
            { ports: ports.map(port => ({ port, protocol: "TCP" })) },
            // The site's own address may resolve directly to the gateway's pods.
            {
                to: [{
                    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": gateway.namespace } },
                    podSelector: { matchLabels: selectorLabels(gateway.name) },
                }],
                ports: [{ port: gateway.httpPort, protocol: "TCP" }],
            },
        ],
    }, options);
}
