import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { withEphemeralStorage } from "../scratch";
import { containerSecurityContext, podSecurityContext } from "./security";

type Container = kubernetes.types.input.core.v1.Container;
type PodSpec = kubernetes.types.input.core.v1.PodSpec;
type Probe = kubernetes.types.input.core.v1.Probe;
type Volume = kubernetes.types.input.core.v1.Volume;
type VolumeMount = kubernetes.types.input.core.v1.VolumeMount;

/** A request, which the scheduler reserves, and a limit, which is never exceeded; Kubernetes quantities. */
export interface Resource {
    /** For example `250m` CPU or `256Mi` memory. */
    request: pulumi.Input<string>;
    /** For example `1` CPU or `512Mi` memory. */
    limit: pulumi.Input<string>;
}

/** How Kubernetes tells whether a container has started, may get requests, and is alive. */
export interface Probes {
    /** Until it succeeds the others wait: time for a first start. */
    startup: Probe;
    /** While it fails the pod gets no request. */
    readiness: Probe;
    /** When it fails the container is restarted. */
    liveness: Probe;
}

/** What every pod is made of: one container and its volumes. */
export interface ContainerArgs {
    /** A reference with a tag or a digest, such as a ContainerImage's. @example "ghcr.io/example/shop:1.2" */
    image: pulumi.Input<string>;
    /** Number of the user and group that it runs as, never 0. */
    uid: number;
    cpu: Resource;
    memory: Resource;
    /** Environment variables. A change rolls the pods. */
    env?: Record<string, pulumi.Input<string>>;
    /** Directory → files → content, mounted read-only from Secrets. A change rolls the pods. */
    secretFiles?: Record<string, Record<string, pulumi.Input<string>>>;
    /**
     * Directory → size limit: writable, and empty in every new pod. What must never reach a disk is kept in memory,
     * where it counts towards the container's limit. @example `{ "/tmp": "64Mi", "/run": { memory: "1Mi" } }`
     */
    ephemeral?: Record<string, string | { memory: string }>;
    /** Directory → PersistentVolumeClaim. */
    persistent?: Record<string, pulumi.Input<string>>;
}

/** A pod that serves: a container with a port and probes, and commands that run before it. */
export interface PodArgs extends ContainerArgs {
    /** TCP port on which the container listens; probes call it `main`. @example 8080 */
    port: number;
    probes: Probes;
    /** Commands that run to their end before the container starts, in order; name → arguments. */
    before?: Record<string, string[]>;
    /** Seconds in which endpoints forget a terminating pod before it is told to stop. */
    drainSeconds?: number;
    /** Seconds from the start of the termination to its end by force. */
    terminationGracePeriodSeconds: number;
}

/** A pod that runs one command to its end. */
export interface TaskPodArgs extends ContainerArgs {
    /** Program and arguments, without a shell. @example ["send-report", "--weekly"] */
    command: string[];
}

/** The names of the objects a pod reads; made by the workload that owns the pod. */
export interface PodSources {
    configMap?: pulumi.Input<string>;
    /** Directory → Secret. */
    secrets: Record<string, pulumi.Input<string>>;
}

/** A question that went to a DNS pod which is lost with its node is soon asked again, which is another pod's to answer. */
const dnsConfig = { options: [{ name: "timeout", value: "1" }, { name: "attempts", value: "5" }] };

/** The spec of a pod that the Pod Security Standard `restricted` admits and that needs no API access. */
export function podSpec(name: string, args: PodArgs, sources: PodSources): PodSpec {
    const { pod, container } = basis(args, sources);
    return {
        ...pod,
        terminationGracePeriodSeconds: args.terminationGracePeriodSeconds,
        initContainers: Object.entries(args.before ?? {}).map(([step, command]) =>
            ({ ...container, name: step, command })),
        containers: [{
            ...container,
            name,
            ports: [{ name: "main", containerPort: args.port }],
            startupProbe: args.probes.startup,
            readinessProbe: args.probes.readiness,
            livenessProbe: args.probes.liveness,
            ...(args.drainSeconds ? { lifecycle: { preStop: { sleep: { seconds: args.drainSeconds } } } } : {}),
        }],
    };
}

/** The same for a pod that runs a command to its end, once: whoever owns the pod decides whether it is tried again. */
export function taskPodSpec(name: string, args: TaskPodArgs, sources: PodSources): PodSpec {
    const { pod, container } = basis(args, sources);
    return { ...pod, restartPolicy: "Never", containers: [{ ...container, name, command: args.command }] };
}

function basis(args: ContainerArgs, sources: PodSources): { pod: Omit<PodSpec, "containers">; container: Omit<Container, "name"> } {
    const { volumes, mounts } = volumesOf(args, sources);
    const container = {
        image: args.image,
        imagePullPolicy: "IfNotPresent",
        envFrom: sources.configMap ? [{ configMapRef: { name: sources.configMap } }] : [],
        volumeMounts: mounts,
        securityContext: containerSecurityContext,
        resources: withEphemeralStorage({
            requests: { cpu: args.cpu.request, memory: args.memory.request },
            limits: { cpu: args.cpu.limit, memory: args.memory.limit },
        }, volumes),
    };
    const pod = {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        dnsConfig,
        securityContext: podSecurityContext(args.uid),
        volumes,
    };
    return { pod, container };
}

/** A digest of what the pod reads at its start: as an annotation of its template it rolls the pods on a change. */
export function configChecksum(args: Pick<ContainerArgs, "env" | "secretFiles">): pulumi.Output<string> {
    const digest = pulumi.output({ env: args.env, files: args.secretFiles })
        .apply(content => createHash("sha256").update(JSON.stringify(content)).digest("hex"));
    // The digest of long random secrets tells nothing about them, and would hide the whole pod from previews.
    return pulumi.unsecret(digest);
}

function volumesOf(args: ContainerArgs, sources: PodSources): { volumes: Volume[]; mounts: VolumeMount[] } {
    const volumes: Volume[] = [];
    const mounts: VolumeMount[] = [];
    const add = (path: string, volume: Omit<Volume, "name">, readOnly: boolean): void => {
        const name = path.replace(/^\//, "").replace(/[^a-z0-9]+/g, "-").slice(0, 63);
        volumes.push({ name, ...volume });
        mounts.push({ name, mountPath: path, readOnly });
    };
    for (const [path, size] of Object.entries(args.ephemeral ?? {})) {
        const inMemory = typeof size !== "string";
        add(path, { emptyDir: inMemory ? { medium: "Memory", sizeLimit: size.memory } : { sizeLimit: size } }, false);
    }
    for (const [path, claimName] of Object.entries(args.persistent ?? {})) {
        add(path, { persistentVolumeClaim: { claimName } }, false);
    }
    for (const [path, secretName] of Object.entries(sources.secrets)) {
        add(path, { secret: { secretName, defaultMode: 0o440 } }, true);
    }
    return { volumes, mounts };
}
