import * as yaml from "js-yaml";
import * as path from "node:path";
import type { ClusterReader, Deployment } from "./reader";

/** Settings of a cert-manager controller that decide whether it can issue Landfall's certificates. */
export interface ControllerSettings {
    /** The only namespace in which it issues certificates; undefined for all. */
    namespace?: string;
    /** Whether a CA's certificate is limited to some hosts. */
    nameConstraints: boolean;
    /** Whether it can answer an ACME server's challenges through a Gateway. */
    gatewayApi: boolean;
}

/** The part of a ControllerConfiguration that counts here. */
interface Configuration {
    namespace?: string;
    featureGates?: Record<string, boolean>;
    enableGatewayAPI?: boolean;
    /** Since 1.21. */
    gatewayAPI?: { enabled?: boolean };
}

type Container = Deployment["spec"]["template"]["spec"]["containers"][number];

/** Reads a controller's settings: its arguments, which prevail over its configuration file. */
export async function readSettings(reader: ClusterReader, container: Container, controller: Deployment): Promise<ControllerSettings> {
    const flags = flagsOf([...container.command ?? [], ...container.args ?? []]);
    const file = flags.config === undefined ? {} : await readFile(reader, flags.config, container, controller);
    const gates = { ...file.featureGates, ...gatesOf(flags["feature-gates"]) };
    const isOn = (gate: string): boolean => gates[gate] ?? gates.AllBeta ?? true;
    const enabled = flags["enable-gateway-api"] ?? file.gatewayAPI?.enabled ?? file.enableGatewayAPI ?? false;
    return {
        namespace: (flags.namespace ?? file.namespace) || undefined,
        nameConstraints: isOn("NameConstraints"),
        gatewayApi: String(enabled) === "true" && isOn("ExperimentalGatewayAPISupport"),
    };
}

/** `--name=value`, `--name value`, and `--name` for true. */
function flagsOf(args: string[]): Record<string, string | undefined> {
    return Object.fromEntries(args.flatMap((arg, index) => {
        const [, name, value] = /^--?([\w-]+)(?:=([^]*))?$/.exec(arg) ?? [];
        if (name === undefined) return [];
        const next = args[index + 1];
        // A boolean flag never takes the next argument.
        const separate = ["config", "namespace", "feature-gates"].includes(name) ? next : "true";
        return [[name, value ?? separate]];
    }));
}

function gatesOf(text = ""): Record<string, boolean> {
    const pairs = text.split(",").map(pair => pair.split("=")).filter(([name, value]) => name && value);
    return Object.fromEntries(pairs.map(([name, value]) => [name.trim(), value.trim() === "true"]));
}

/** The configuration file, if a ConfigMap holds it. Otherwise only the arguments are known. */
async function readFile(
    reader: ClusterReader, file: string, { volumeMounts = [] }: Container, { metadata, spec }: Deployment,
): Promise<Configuration> {
    const mount = volumeMounts.find(({ mountPath }) => file.startsWith(`${mountPath.replace(/\/$/, "")}/`));
    const volume = spec.template.spec.volumes?.find(({ name }) => name === mount?.name);
    if (volume?.configMap === undefined) return {};
    const map = await reader.get<{ data?: Record<string, string> }>(
        `/api/v1/namespaces/${metadata.namespace}/configmaps/${volume.configMap.name}`);
    const text = map?.data?.[path.posix.basename(file)];
    try {
        return (yaml.load(text ?? "", { schema: yaml.CORE_SCHEMA }) ?? {}) as Configuration;
    } catch {
        return {};
    }
}
