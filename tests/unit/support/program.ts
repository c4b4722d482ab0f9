import * as path from "node:path";
import { type Capture, captureProgram, Registered } from "../../../infra/cli/capture";
import { readStackConfig } from "../../../infra/cli/stack/config";

/** Changes to a stack's config, by key without `landfall:`, as `Pulumi.<stack>.yaml` would have them. */
export type ConfigChanges = Partial<Record<"cluster" | "environment" | "app" | "logs" | "gateway" | "promotion", object>>;

const root = path.resolve(__dirname, "../../..");

const captures = new Map<string, Promise<Capture>>();

/** What one of the committed stacks registers and puts out, frozen: the program runs once for all who ask. */
export function captureStack(stack: string): Promise<Capture> {
    const captured = captures.get(stack) ?? captureAgain(stack).then(freeze);
    captures.set(stack, captured);
    return captured;
}

/** Runs the program as one of the committed stacks, with whole keys replaced. */
export function captureAgain(stack: string, changes: ConfigChanges = {}): Promise<Capture> {
    const { config } = readStackConfig(path.join(root, `Pulumi.${stack}.yaml`));
    for (const [key, value] of Object.entries(changes)) {
        config[`landfall:${key}`] = JSON.stringify(value);
    }
    return captureProgram({ stack, config });
}

/** What a stack registers, with whole keys of its config replaced. */
export async function runStack(stack: string, changes: ConfigChanges = {}): Promise<Registered[]> {
    const isCommitted = Object.keys(changes).length === 0;
    return (await (isCommitted ? captureStack(stack) : captureAgain(stack, changes))).resources;
}

function freeze<T>(value: T): T {
    if (typeof value === "object" && value !== null && !Object.isFrozen(value)) Object.values(Object.freeze(value)).forEach(freeze);
    return value;
}

/** A Kubernetes object as far as tests look into it. */
export interface Manifest {
    kind: string;
    metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
    // Tests name the fields they mean; a wrong name is a failed assertion.
    spec: Record<string, unknown>;
}

/** The Kubernetes objects of one kind. */
export function objects<T = Manifest>(resources: Registered[], kind: string): T[] {
    return resources.filter(resource => resource.type.startsWith("kubernetes:") && resource.inputs.kind === kind)
        .map(resource => resource.inputs as T);
}

/** The one object of that kind and name. */
export function object<T = Manifest>(resources: Registered[], kind: string, name: string): T {
    const found = objects<Manifest>(resources, kind).filter(({ metadata }) => metadata.name === name);
    if (found.length !== 1) {
        throw new Error(`Expected one ${kind} "${name}", found ${found.length}.`);
    }
    return found[0] as T;
}

export interface Container {
    name: string;
    image: string;
    command?: string[];
    args?: string[];
    resources: { requests: Record<string, string>; limits: Record<string, string> };
    securityContext: Record<string, unknown> & { capabilities?: { drop?: string[]; add?: string[] } };
    startupProbe?: object;
    readinessProbe?: object;
    livenessProbe?: object;
    lifecycle?: { preStop?: object };
    volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
}

export interface PodSpec {
    automountServiceAccountToken?: boolean;
    serviceAccountName?: string;
    priorityClassName?: string;
    hostNetwork?: boolean;
    hostPID?: boolean;
    securityContext: Record<string, unknown> & { seccompProfile?: { type: string } };
    initContainers?: Container[];
    containers: Container[];
    terminationGracePeriodSeconds?: number;
    topologySpreadConstraints?: { topologyKey: string }[];
    tolerations?: { key?: string; operator?: string }[];
    dnsConfig?: { options: { name: string; value: string }[] };
    affinity?: {
        podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: { podAffinityTerm: { topologyKey: string } }[];
        };
    };
    volumes?: { name: string; emptyDir?: { sizeLimit?: string }; hostPath?: object; secret?: { secretName: string } }[];
}

/** Every pod template that the program registers, with the name of what owns it. */
export function pods(resources: Registered[]): { owner: string; annotations: Record<string, string>; spec: PodSpec }[] {
    type Template = { metadata?: { annotations?: Record<string, string> }; spec: PodSpec };
    const templateOf = (spec: Record<string, unknown>): Template | undefined => {
        const job = spec.jobTemplate as { spec: { template: Template } } | undefined;
        return job?.spec.template ?? spec.template as Template | undefined;
    };
    return ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"].flatMap(kind => objects(resources, kind))
        .map(({ kind, metadata, spec }) => {
            const template = templateOf(spec) as Template;
            return { owner: `${kind}/${metadata.name}`, annotations: template.metadata?.annotations ?? {}, spec: template.spec };
        });
}
