import { namespaces } from "../namespaces";

export const namespaceName = namespaces.certificates;

/** The Secret with the gateway's certificate. The gateway may use it from its own namespace. */
export const certificateSecret = "gateway-tls";

export const controllerName = "cert-manager";
export const webhookName = "cert-manager-webhook";
export const cainjectorName = "cert-manager-cainjector";

/** The pods that answer an ACME server's challenges. cert-manager creates one for each challenge, and removes it. */
export const solver = { name: "acme-solver", port: 8089 };
