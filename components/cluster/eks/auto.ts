import * as core from "@pulumi/kubernetes/core/v1";
import type { Provider } from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { transformationsOf } from "../provider";

/**
 * Has Auto Mode enforce network policies: its nodes can, by their class's default, once this asks its controller to.
 */
export function enforceNetworkPolicies(name: string, provider: Provider, parent: pulumi.Resource): void {
    new core.ConfigMap(`${name}-network-policies`, {
        metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
        data: { "enable-network-policy-controller": "true" },
    }, { parent, provider, transformations: transformationsOf(provider) });
}
