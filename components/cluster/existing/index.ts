import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as os from "node:os";
import * as path from "node:path";
import { Refusal } from "../../refusal";
import { readStackOutputs } from "../../stack-outputs";
import { type Transform, transformedBy } from "../../transform";
import {
    Capabilities, Cluster, gatewayPorts, ImageDelivery, LoadBalancerArgs, LoadBalancing, noticedAfter, Present, serviceSeconds,
    withLoadBalancerArgs,
} from "../cluster";
import type { Comparisons } from "../compare";
import { lookingAtNothing, rendering } from "../lookup";
import { createProvider } from "../provider";
import { defaultFiles, identify, parseKubeconfig, readFiles, scopeKubeconfig } from "./kubeconfig";

export interface ExistingArgs extends LoadBalancerArgs {
    /**
     * Kubeconfig file; a relative one is relative to the project.
     * @default where kubectl looks: `KUBECONFIG`, else `~/.kube/config`
     * @example "~/.kube/production"
     */
    kubeconfig?: string;
    /** Context in the kubeconfig. @default its current context @example "production" */
    context?: string;
    /** Another stack whose output the kubeconfig is, instead of a file. @example "acme/clusters/production" */
    stack?: string;
    /** The output of `stack` that is the kubeconfig, as text or as an object. @default "kubeconfig" */
    output?: string;
    /** StorageClass of volumes that one pod writes. @default the cluster's default class @example "gp3" */
    storageClass?: string;
    /** StorageClass of volumes that pods on many nodes write (ReadWriteMany). @default none @example "efs" */
    sharedStorageClass?: string;
    /** What others installed in it: the result of `findPresent`. @default nothing */
    present?: Present;
    /**
     * Whether the cluster has metrics-server ("builtin"), or Landfall installs it.
     * @default "install" if `present` has none; "builtin" without `present`
     */
    metrics?: "builtin" | "install";
    /** Whether the cluster's network enforces NetworkPolicy. @default "unknown" */
    networkPolicy?: "enforced" | "unenforced" | "unknown";
    /** Whether the gateway is a Service of type LoadBalancer or listens on ports of the nodes. @default "LoadBalancer" */
    loadBalancer?: "LoadBalancer" | "NodePort";
    /** With NodePort: the host under which clients reach the nodes. @default "127.0.0.1" @example "node1.example.com" */
    host?: string;
    /** With NodePort: the port for HTTP on every node. @default 30080 */
    http?: number;
    /** With NodePort: the port for HTTPS on every node. @default 30443 */
    https?: number;
    /** Registry for the images that the program builds. This computer pushes to it, and the nodes pull from it. @example "ghcr.io/example" */
    registry?: string;
    /** Platform of the nodes. @default this computer's @example "linux/amd64" */
    platform?: "linux/amd64" | "linux/arm64";
    /** Whether the kubelets' certificates are self-signed. @default false */
    kubeletInsecureTls?: boolean;
    /** What is known of the cluster, such as from its platform. The settings above come before it. @default nothing */
    known?: Partial<Capabilities>;
    /** Refuses changes that can't be made in place. @default nothing is compared */
    comparisons?: Comparisons;
    /** Changes the arguments of each resource last, for anything that these settings don't cover. */
    transform?: Transform;
}

/**
 * A cluster that exists already and outlives the stack. Only one context of the kubeconfig is used.
 *
 * @example new Existing("cluster", { kubeconfig: "~/.kube/production", context: "admin@production" })
 * @example new Existing("cluster", { stack: "acme/clusters/production" })
 */
export class Existing extends pulumi.ComponentResource implements Cluster {
    readonly kubeconfig: pulumi.Output<string>;
    readonly provider: kubernetes.Provider;
    readonly capabilities: Capabilities;

    constructor(name: string, args: ExistingArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:cluster:Existing", name, {}, transformedBy(args.transform, opts));
        this.kubeconfig = pulumi.secret(kubeconfigOf(name, args, this));
        this.provider = createProvider(`${name}-provider`, {
            kubeconfig: this.kubeconfig,
            comparisons: args.comparisons,
            // A digest doesn't reveal the kubeconfig.
            identifier: pulumi.unsecret(this.kubeconfig.apply(identify)),
            // Two people who share the cluster may each have a stack of the same name.
            stackId: new random.RandomUuid(`${name}-stack-id`, {}, { parent: this }).result,
        }, this);
        this.capabilities = capabilitiesOf(args);
        this.registerOutputs({ kubeconfig: this.kubeconfig });
    }
}

/** Where the kubeconfig is found. */
export type KubeconfigSource = Pick<ExistingArgs, "kubeconfig" | "context" | "stack" | "output">;

/**
 * Reads the kubeconfig at once, so that a program can look at the cluster before it registers anything. Undefined if the
 * program is only rendered.
 * @throws Refusal if there is none
 */
export async function readKubeconfig(source: KubeconfigSource): Promise<string | undefined> {
    if (lookingAtNothing()) return undefined;
    const { stack, output = "kubeconfig" } = source;
    if (stack === undefined) return fromFiles(source);
    const outputs = await readStackOutputs(stack).catch((error: Error) => {
        throw new Refusal(`The stack ${stack}, whose cluster this stack uses, can't be read: ${error.message}`);
    });
    if (outputs[output] === undefined) {
        throw new Refusal(`The stack ${stack}, whose cluster this stack uses, has no output "${output}". Bring it up first.`);
    }
    try {
        return scopeOutput(outputs[output], stack, source);
    } catch (error) {
        throw new Refusal((error as Error).message);
    }
}

function kubeconfigOf(name: string, args: ExistingArgs, parent: Existing): pulumi.Input<string> {
    if (rendering()) return renderedKubeconfig;
    return args.stack ? fromStack(name, args.stack, args, parent) : fromFiles(args);
}

function fromFiles({ kubeconfig, context }: KubeconfigSource): string {
    try {
        const files = kubeconfig ? [resolveFile(kubeconfig)] : defaultFiles();
        return scopeKubeconfig(readFiles(files), context);
    } catch (error) {
        throw new pulumi.RunError((error as Error).message);
    }
}

function fromStack(name: string, stack: string, args: ExistingArgs, parent: Existing): pulumi.Output<string> {
    const output = args.output ?? "kubeconfig";
    const reference = new pulumi.StackReference(`${name}-stack`, { name: stack }, { parent });
    return reference.requireOutput(output).apply((value: unknown) => scopeOutput(value, stack, args));
}

function scopeOutput(value: unknown, stack: string, { output = "kubeconfig", context }: KubeconfigSource): string {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return scopeKubeconfig(parseKubeconfig(text, `The output "${output}" of the stack ${stack}`), context);
}

function resolveFile(file: string): string {
    return /^~[\\/]/.test(file) ? path.join(os.homedir(), file.slice(2)) : path.resolve(file);
}

/** Used when the program is only rendered, which needs no credentials. */
const renderedKubeconfig = scopeKubeconfig(parseKubeconfig(JSON.stringify({
    contexts: [{ name: "existing", context: { cluster: "existing", user: "existing" } }],
    clusters: [{ name: "existing", cluster: { server: "https://kubernetes.invalid:6443" } }],
    users: [{ name: "existing", user: {} }],
}), "The placeholder"), "existing");

function capabilitiesOf({ known = {}, ...args }: ExistingArgs): Capabilities {
    const { images, ...others } = known;
    const capabilities = {
        ...others,
        storageClass: args.storageClass ?? known.storageClass,
        sharedStorageClass: args.sharedStorageClass ?? known.sharedStorageClass,
        loadBalancing: known.loadBalancing ?? loadBalancingOf(args),
        present: args.present ?? known.present,
        metrics: args.metrics ?? (args.present !== undefined && args.present.metrics === undefined ? "install" : "builtin"),
        kubeletInsecureTls: args.kubeletInsecureTls ?? false,
        // In this order: kubeadm and most others; OpenShift and minikube; MicroK8s. Managed clusters use 443.
        apiServerPorts: known.apiServerPorts ?? [6443, 8443, 16443],
        networkPolicy: knownPolicy(args.networkPolicy) ?? known.networkPolicy ?? "unknown",
        mayPreempt: false,
    } satisfies Omit<Capabilities, "images">;
    const delivery = (): ImageDelivery => (args.registry === undefined && images !== undefined ? images : imagesOf(args));
    // Pulumi's SDK reads all enumerable properties of whatever an output holds, such as a resource's parents and their cluster.
    return Object.defineProperty(capabilities, "images", { get: delivery }) as typeof capabilities & Pick<Capabilities, "images">;
}

function knownPolicy(given: ExistingArgs["networkPolicy"]): ExistingArgs["networkPolicy"] {
    return given === "unknown" ? undefined : given;
}

/** The load balancer's kind isn't known, so this is the slowest of AWS's, Hetzner's and DigitalOcean's defaults. */
const slowestHealthCheck = { interval: 15, failures: 3, spread: 40 };

function loadBalancingOf(args: ExistingArgs): LoadBalancing {
    const { loadBalancer, host = "127.0.0.1", http = gatewayPorts.http, https = gatewayPorts.https } = args;
    if (loadBalancer !== "NodePort") {
        const balancing = { type: "LoadBalancer", drainSeconds: noticedAfter(slowestHealthCheck), seesClients: true } as const;
        return withLoadBalancerArgs(balancing, args);
    }
    // It isn't known which nodes clients reach, so each node must answer, and forwards to the proxy on another node.
    return { type: "NodePort", drainSeconds: serviceSeconds, seesClients: false, http, https, host, publishedHttps: https };
}

/** Only an application that builds images needs this. With a finished image it needs no registry. */
function imagesOf({ registry, platform }: ExistingArgs): ImageDelivery {
    if (registry) return { method: "push", registry, platform };
    throw new pulumi.RunError("An existing cluster can't be given the images that the program builds: name a " +
        "registry that it pulls from, landfall:cluster: { target: existing, registry: ghcr.io/example }, or an image " +
        "that is built already, landfall:app: { web: { image: … } }.");
}
