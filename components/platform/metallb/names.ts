import { namespaces } from "../namespaces";

export const namespaceName = namespaces.loadBalancer;

export const controllerName = "metallb-controller";
export const speakerName = "metallb-speaker";

/** Where the API server has MetalLB's own objects. */
export const group = "metallb.io";

/** Of each program's health; the speakers answer on their nodes' own 127.0.0.1 only. */
export const healthPort = 17472;

/** What both programs are told. */
export const commonArgs = ["--log-level=info"];

/** The pod's own name, by which it is noted as the owner of what it writes. */
export const podNameVariable = {
    name: "METALLB_POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } },
};
