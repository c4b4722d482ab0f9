import { awsOutcome } from "./aws";
import { azureOutputs } from "./azure";
import { type Outcome, type ProgramOptions, runProgram } from "./program";
import type { Registration } from "./registration";
import { asObject, asString, secret, secretPaths, unwrap, type Values } from "../../values";

/** A resource as the program registered it, with plain inputs. */
export interface Registered extends Registration {
    /** Paths of the inputs that are secrets, such as `data.password` or `kubeconfig`. */
    secrets: string[];
    /** The inputs with the SDK's markers around secrets. */
    marked: Values;
}

/** What a program registers, in the order of registration, and the stack's outputs (plain). */
export interface Capture {
    resources: Registered[];
    outputs: Values;
}

/**
 * Runs the program without a cluster, credentials or the Pulumi CLI and returns what it registers. What a real run
 * would learn (a kubeconfig, a password, a cluster IP) is a placeholder that names its source. May be called
 * any number of times in a process, one after another.
 */
export async function captureProgram(options: ProgramOptions): Promise<Capture> {
    const resources: Registered[] = [];
    const { LANDFALL_PLACEHOLDERS: before } = process.env;
    process.env.LANDFALL_PLACEHOLDERS = "1"; // its kubeconfigs lead to no cluster
    const outputs = await runProgram(options, {
        register(registration) {
            const inputs = unwrap(registration.inputs) as Values;
            const secrets = secretPaths(registration.inputs);
            resources.push({ ...registration, inputs, secrets, marked: registration.inputs });
            return outcomeOf(registration, inputs);
        },
        read: id => ({ id, outputs: { name: id, ...stackOutputs(options.config) } }),
    }).finally(() => {
        if (before === undefined) delete process.env.LANDFALL_PLACEHOLDERS;
        else process.env.LANDFALL_PLACEHOLDERS = before;
    });
    return { resources, outputs: unwrap(outputs) as Values };
}

/** Another stack's outputs: a kubeconfig under every name that appears in the settings. */
function stackOutputs(config: Record<string, string>): Values {
    const names = [...Object.values(config).join().matchAll(/[\w.-]+/g), "kubeconfig"].map(String);
    const outputs = Object.fromEntries(names.map(name => [name, secret(placeholderKubeconfig(name))]));
    return { outputs, secretOutputNames: names };
}

/** Placeholder for the name that Pulumi generates. */
export function autonamed(name: string): string {
    return `${name}-autonamed`;
}

function outcomeOf(registration: Registration, inputs: Values): Outcome {
    if (!registration.custom) return { outputs: {} };
    const { type, name } = registration;
    const id = `${name}-id`;
    if (type.startsWith("kubernetes:")) return kubernetesOutcome(registration, inputs);
    if (type.startsWith("random:")) return { id, outputs: { ...registration.inputs, ...randomOutputs(type, name) } };
    if (type === "command:local:Command") {
        return { id, outputs: { ...registration.inputs, stdout: placeholderKubeconfig(name), stderr: "" } };
    }
    if (type.startsWith("docker:")) return { id, outputs: { ...registration.inputs, ...imageOutputs(inputs) } };
    if (type.startsWith("aws:")) return awsOutcome(type, name, registration.inputs);
    if (type.startsWith("azure-native:")) {
        return { id, outputs: { ...registration.inputs, ...azureOutputs(type, name, inputs) } };
    }
    return { id, outputs: registration.inputs };
}

function kubernetesOutcome(registration: Registration, inputs: Values): Outcome {
    const metadata = asObject(registration.inputs.metadata);
    const name = asString(metadata.name) ?? autonamed(registration.name);
    const namespace = asString(metadata.namespace);
    const id = namespace ? `${namespace}/${name}` : name;
    const completed = { ...metadata, name, uid: `uid:${id}` };
    const outputs: Values = { ...registration.inputs, metadata: completed, status: {} };
    if (inputs.kind === "Service") outputs.spec = { clusterIP: "198.18.0.1", ...asObject(inputs.spec) };
    return { id, outputs };
}

function randomOutputs(type: string, name: string): Values {
    const placeholder = `random:${name}`;
    if (type === "random:index/randomPassword:RandomPassword") {
        return { result: secret(placeholder), bcryptHash: secret(placeholder) };
    }
    return { result: placeholder, hex: placeholder, dec: "0", b64Url: placeholder, b64Std: placeholder };
}

function imageOutputs(inputs: Values): Values {
    const name = asString(inputs.imageName) ?? "image";
    return { imageName: name, baseImageName: name, repoDigest: `${name}@sha256:${"0".repeat(64)}` };
}

/** Placeholder for the output of a command. It is a valid kubeconfig, because some of our commands print one. */
function placeholderKubeconfig(name: string): string {
    return JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name, cluster: { server: "https://127.0.0.1:6443" } }],
        users: [{ name, user: {} }],
        contexts: [{ name, context: { cluster: name, user: name } }],
        "current-context": name,
    });
}
