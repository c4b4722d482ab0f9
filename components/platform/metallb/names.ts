import { namespaces } from "../namespaces";

export const namespaceName = namespaces.loadBalancer;

export const controllerName = "metallb-controller";
export const speakerName = "metallb-speaker";

/** API group of MetalLB's own objects. */
export const group = "metallb.io";

/** Port of the health checks. The speakers only answer on their node's 127.0.0.1. */
export const healthPort = 17472;

/** Arguments of both programs. */
export const commonArgs = ["--log-level=info"];

/** The pod's own name, recorded as the owner of what it writes. */
export const podNameVariable = {
    name: "METALLB_POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } },
};
