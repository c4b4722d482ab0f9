import { namespaces } from "../namespaces";

export const namespaceName = namespaces.certificates;

/** The Secret of the gateway's certificate, which the gateway may use from its own namespace. */
export const certificateSecret = "gateway-tls";

export const controllerName = "cert-manager";
export const webhookName = "cert-manager-webhook";
export const cainjectorName = "cert-manager-cainjector";

/** The pods that answer an ACME server's challenges: cert-manager makes one for each, and removes it. */
export const solver = { name: "acme-solver", port: 8089 };
