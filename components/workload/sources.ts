import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { inCluster } from "../cluster/options";
import { Environment } from "./environment";
import { objectLabels } from "./labels";
import { type ContainerArgs, fileKey, type PodSources } from "./pod";

/** Creates the objects that a workload's pods read. */
export function createSources(
    name: string, environment: Environment, args: Pick<ContainerArgs, "env" | "secretEnv" | "secretFiles" | "files">, parent: pulumi.Resource,
): PodSources {
    return {
        configMap: createConfigMap(name, environment, args.env, parent),
        secretEnv: createSecretEnv(name, environment, args.secretEnv, parent),
        secrets: createSecrets(name, environment, args.secretFiles, parent),
        files: createFiles(name, environment, args.files, parent),
    };
}

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

/** Creates the ConfigMap with a workload's files that aren't secret, if it has any. */
function createFiles(
    name: string, environment: Environment, files: Record<string, string> | undefined, parent: pulumi.Resource,
): pulumi.Output<string> | undefined {
    const entries = Object.entries(files ?? {});
    if (entries.length === 0) return undefined;
    return new kubernetes.core.v1.ConfigMap(`${name}-files`, {
        metadata: { name: `${name}-files`, namespace: environment.namespace, labels: objectLabels(name) },
        data: Object.fromEntries(entries.map(([path, content]) => [fileKey(path), content])),
    }, inCluster(environment.cluster, parent)).metadata.name;
}

/** Creates the Secret with a workload's secret environment variables, if it has any. */
function createSecretEnv(
    name: string, environment: Environment, env: Record<string, pulumi.Input<string>> | undefined,
    parent: pulumi.Resource,
): pulumi.Output<string> | undefined {
    if (!env || Object.keys(env).length === 0) return undefined;
    return createSecret(`${name}-environment`, name, environment, env, parent);
}

/** Creates a Secret for each directory of a workload's secret files. Returns directory → Secret name. */
function createSecrets(
    name: string, environment: Environment, files: Record<string, Record<string, pulumi.Input<string>>> | undefined,
    parent: pulumi.Resource,
): Record<string, pulumi.Output<string>> {
    const endings = Object.keys(files ?? {}).map(directory => directory.split("/").pop());
    return Object.fromEntries(Object.entries(files ?? {}).map(([directory, content], index) => {
        const ending = endings[index] ?? "";
        // The Secret with the environment variables has that ending.
        const isPlain = ending !== "environment" && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(ending) && endings.indexOf(ending) === index;
        const secretName = `${name}-${isPlain ? ending : `files-${createHash("sha256").update(directory).digest("hex").slice(0, 8)}`}`;
        return [directory, createSecret(secretName, name, environment, content, parent)];
    }));
}

function createSecret(
    secretName: string, owner: string, environment: Environment, content: Record<string, pulumi.Input<string>>,
    parent: pulumi.Resource,
): pulumi.Output<string> {
    return new kubernetes.core.v1.Secret(secretName, {
        metadata: { name: secretName, namespace: environment.namespace, labels: objectLabels(owner) },
        stringData: Object.fromEntries(Object.entries(content).map(([key, value]) => [key, pulumi.secret(value)])),
    }, inCluster(environment.cluster, parent)).metadata.name;
}
