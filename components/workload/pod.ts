import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { withEphemeralStorage } from "../scratch";
import type { Listener } from "./network";
import { containerSecurityContext, podSecurityContext } from "./security";
import { waitFor } from "./wait-for";

type Container = kubernetes.types.input.core.v1.Container;
type PodSpec = kubernetes.types.input.core.v1.PodSpec;
type Probe = kubernetes.types.input.core.v1.Probe;
type Volume = kubernetes.types.input.core.v1.Volume;
type VolumeMount = kubernetes.types.input.core.v1.VolumeMount;

/** A request, which the scheduler reserves, and a limit, which is never exceeded. Kubernetes quantities. */
export interface Resource {
    /** For example `250m` CPU or `256Mi` memory. */
    request: pulumi.Input<string>;
    /** For example `1` CPU or `512Mi` memory. */
    limit: pulumi.Input<string>;
}

/** The probes that tell Kubernetes whether a container has started, can get requests, and is alive. */
export interface Probes {
    /** The other probes wait until it succeeds, which gives a first start time. */
    startup: Probe;
    /** While it fails, the pod gets no requests. */
    readiness: Probe;
    /** If it fails, the container is restarted. */
    liveness: Probe;
}

/** What all pods have: one container and its volumes. */
export interface ContainerArgs {
    /** Reference with a tag or a digest, such as a ContainerImage's. @example "ghcr.io/example/shop:1.2" */
    image: pulumi.Input<string>;
    /** Numeric user and group that the container runs as, never 0. */
    uid: number;
    /** PriorityClass, from the environment. @default the cluster's default priority */
    priorityClassName: string | undefined;
    cpu: Resource;
    memory: Resource;
    /** Program and arguments, instead of the image's entrypoint. Without a shell. @example ["serve", "--verbose"] */
    command?: string[];
    /** Arguments, instead of the image's. */
    args?: string[];
    /** Directory in which the program starts. @default the image's */
    workingDir?: string;
    /** Environment variables. A change replaces the pods. */
    env?: Record<string, pulumi.Input<string>>;
    /** Environment variables from a Secret, for programs that read no files. A change replaces the pods. */
    secretEnv?: Record<string, pulumi.Input<string>>;
    /** Directory → files → content, mounted read-only from Secrets. A change replaces the pods. */
    secretFiles?: Record<string, Record<string, pulumi.Input<string>>>;
    /** File → content, which isn't secret, mounted read-only beside the image's own files. At most 1 MiB together. A change replaces the pods. */
    files?: Record<string, string>;
    /**
     * Directory → size limit: writable, and empty in every new pod. With `memory`, it never reaches a disk, and counts
     * towards the container's memory limit. @example `{ "/tmp": "64Mi", "/run": { memory: "1Mi" } }`
     */
    ephemeral?: Record<string, string | { memory: string }>;
    /** Directory → PersistentVolumeClaim. */
    persistent?: Record<string, pulumi.Input<string>>;
}

/** A pod that stays: a container with probes, mostly a port, and commands that run before it. */
export interface PodArgs extends ContainerArgs {
    /** TCP port on which the container listens; probes call it `main`. @example 8080 */
    port?: number;
    probes: Partial<Probes>;
    /** Commands that run to completion, in order, before the container starts: name → arguments. */
    before?: Record<string, string[]>;
    /** Seconds that a terminating pod keeps serving, until endpoints no longer list it. */
    drainSeconds?: number;
    /** Seconds from the start of the termination until the pod is killed. */
    terminationGracePeriodSeconds: number;
}

/** A pod that runs to completion. */
export interface TaskArgs extends ContainerArgs {
    /** What it connects to. The network policies of both sides follow. */
    talksTo?: Listener[];
    /** What must accept its connections before each try begins. After 30 seconds, or half of its deadline, it begins anyway. @default all of `talksTo` */
    waitsFor?: Listener[];
}

/** Names of the objects that a pod reads. The workload that owns the pod creates them. */
export interface PodSources {
    configMap?: pulumi.Input<string>;
    /** Secret with environment variables. */
    secretEnv?: pulumi.Input<string>;
    /** Directory → Secret. */
    secrets: Record<string, pulumi.Input<string>>;
    /** ConfigMap with the files. */
    files?: pulumi.Input<string>;
    /** Directory → ConfigMap, which may be created while the pod runs. */
    later?: Record<string, pulumi.Input<string>>;
}

/** A DNS query to a pod on a failed node is soon repeated, and another pod answers it. */
const dnsConfig = { options: [{ name: "timeout", value: "1" }, { name: "attempts", value: "5" }] };

/** The spec of a pod that the Pod Security Standard `restricted` admits, without access to the API. */
export function podSpec(name: string, args: PodArgs, sources: PodSources): PodSpec {
    const { pod, container } = basis(args, sources);
    const { port, probes } = args;
    return {
        ...pod,
        securityContext: podSecurityContext(args.uid, port),
        terminationGracePeriodSeconds: args.terminationGracePeriodSeconds,
        initContainers: Object.entries(args.before ?? {}).map(([step, command]) =>
            ({ ...container, name: step, command })),
        containers: [{
            ...container,
            name,
            ...(port !== undefined && { ports: [{ name: "main", containerPort: port }] }),
            startupProbe: probes.startup,
            readinessProbe: probes.readiness,
            livenessProbe: probes.liveness,
            ...(args.drainSeconds ? { lifecycle: { preStop: { sleep: { seconds: args.drainSeconds } } } } : {}),
        }],
    };
}

/** The same for a pod that runs to completion, once. The pod's owner decides whether to retry. */
export function taskPodSpec(name: string, args: TaskArgs & { deadlineSeconds: number }, sources: PodSources): PodSpec {
    const { pod, container } = basis(args, sources);
    const { talksTo = [], waitsFor = talksTo } = args;
    return {
        ...pod,
        restartPolicy: "Never",
        ...(waitsFor.length > 0 && { initContainers: [waitFor(name, waitsFor, container.resources, args.deadlineSeconds)] }),
        containers: [{ ...container, name }],
    };
}

function basis(args: ContainerArgs, sources: PodSources): { pod: Omit<PodSpec, "containers">; container: Omit<Container, "name"> } {
    const { volumes, mounts } = volumesOf(args, sources);
    const container = {
        image: args.image,
        imagePullPolicy: "IfNotPresent",
        ...(args.command && { command: args.command }),
        ...(args.args && { args: args.args }),
        ...(args.workingDir !== undefined && { workingDir: args.workingDir }),
        envFrom: [
            ...sources.configMap ? [{ configMapRef: { name: sources.configMap } }] : [],
            ...sources.secretEnv ? [{ secretRef: { name: sources.secretEnv } }] : [],
        ],
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
        priorityClassName: args.priorityClassName,
        dnsConfig,
        securityContext: podSecurityContext(args.uid),
        volumes,
    };
    return { pod, container };
}

/** A digest of what the pod reads when it starts. As an annotation of the pod template, it replaces the pods on a change. */
export function configChecksum(args: Pick<ContainerArgs, "env" | "secretEnv" | "secretFiles" | "files">): pulumi.Output<string> {
    const { env, secretFiles: files, secretEnv } = args;
    // Without the last ones, the digest is that of earlier versions, so an upgrade replaces no pod.
    const plainFiles = Object.keys(args.files ?? {}).length > 0 ? args.files : undefined;
    const digest = pulumi.output({ env, files, ...(secretEnv && { secretEnv }), ...(plainFiles && { plainFiles }) })
        .apply(content => createHash("sha256").update(JSON.stringify(content)).digest("hex"));
    // A digest of long random secrets reveals nothing about them; as a secret, it would hide the whole pod from previews.
    return pulumi.unsecret(digest);
}

function volumesOf(args: ContainerArgs, sources: PodSources): { volumes: Volume[]; mounts: VolumeMount[] } {
    const volumes: Volume[] = [];
    const mounts: VolumeMount[] = [];
    const add = (path: string, volume: Omit<Volume, "name">, readOnly: boolean): void => {
        const name = volumeName(path, volumes.map(({ name: taken }) => taken));
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
    if (sources.files !== undefined) {
        const name = volumeName("/landfall-files", volumes.map(({ name: taken }) => taken));
        const hasScripts = Object.values(args.files ?? {}).some(content => content.startsWith("#!"));
        volumes.push({ name, configMap: { name: sources.files, ...(hasScripts && { defaultMode: 0o555 }) } });
        // One by one: a whole directory would hide the image's own files in it.
        mounts.push(...Object.keys(args.files ?? {}).map(path => ({ name, mountPath: path, subPath: fileKey(path), readOnly: true })));
    }
    for (const [path, name] of Object.entries(sources.later ?? {})) {
        add(path, { configMap: { name, optional: true } }, true);
    }
    return { volumes, mounts };
}

/** The key of a file in its ConfigMap. Files of the same name in two directories get different ones. */
export function fileKey(path: string): string {
    const name = path.slice(path.lastIndexOf("/") + 1).replace(/[^\w.-]/g, "-").slice(0, 200);
    return `${createHash("sha256").update(path).digest("hex").slice(0, 8)}-${name}`;
}

/** A DNS label for a directory. Two directories that differ only in other characters get different ones. */
function volumeName(path: string, taken: pulumi.Input<string>[]): string {
    const name = path.replace(/^\//, "").replace(/[^a-z0-9]+/g, "-").slice(0, 63);
    const isPlain = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(name) && !taken.includes(name);
    return isPlain ? name : `directory-${createHash("sha256").update(path).digest("hex").slice(0, 12)}`;
}
