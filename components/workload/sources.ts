import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { inCluster } from "../cluster/options";
import { Environment } from "./environment";
import { objectLabels } from "./labels";

/** Creates the ConfigMap with a workload's environment variables, if it has any. */
export function createConfigMap(
    name: string, environment: Environment, env: Record<string, pulumi.Input<string>> | undefined,
    parent: pulumi.Resource,
): pulumi.Output<string> | undefined {
    if (!env || Object.keys(env).length === 0) {
        return undefined;
    }
    return new kubernetes.core.v1.ConfigMap(`${name}-environment`, {
        metadata: { name: `${name}-environment`, namespace: environment.namespace, labels: objectLabels(name) },
        data: env,
    }, inCluster(environment.cluster, parent)).metadata.name;
}

/** Creates a Secret for each directory of a workload's secret files. Returns directory → Secret name. */
export function createSecrets(
    name: string, environment: Environment, files: Record<string, Record<string, pulumi.Input<string>>> | undefined,
    parent: pulumi.Resource,
): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(Object.entries(files ?? {}).map(([directory, content]) => {
        const secretName = `${name}-${directory.split("/").pop()}`;
        const secret = new kubernetes.core.v1.Secret(secretName, {
            metadata: { name: secretName, namespace: environment.namespace, labels: objectLabels(name) },
            stringData: Object.fromEntries(Object.entries(content).map(([file, value]) =>
                [file, pulumi.secret(value)])),
        }, inCluster(environment.cluster, parent));
        return [directory, secret.metadata.name];
    }));
}
