import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { inCluster } from "../../cluster/options";
import { withEphemeralStorage } from "../../scratch";
import { images } from "../../versions";
import { objectLabels, selectorLabels } from "../../workload/labels";
import { platformPriorityClass } from "../../workload/priority";
import { createDisruptionBudget } from "../../workload/replicas";
import { containerSecurityContext, podSecurityContext } from "../../workload/security";
import { createStatefulSet } from "../../workload/stateful-set";
import { createVolume, type VolumePlace } from "../../workload/volume";
import { patience } from "../deployment";
import { type LogLimits } from "./limits";
import { passwordKey, storeName as name, storePort as port, storeUser } from "./names";

export interface StoreArgs {
    keepDays: number;
    volume: string;
    storageClass?: string;
    limits: LogLimits;
    /** With the password. */
    secret: kubernetes.core.v1.Secret;
}

const uid = 10003;
const dataDirectory = "/var/lib/victoria-logs";
const secretDirectory = "/etc/landfall/credentials";

/**
 * Creates the store: one server, whose data outlives its pod. Without a replica, lines wait with the collectors while it is
 * away. It has no address outside the cluster, and only collectors reach it inside. People forward a port of its pod, which
 * the API server allows or not.
 */
export function createStore(place: VolumePlace, args: StoreArgs, parent: pulumi.Resource): kubernetes.apps.v1.StatefulSet {
    const options = inCluster(place.cluster, parent);
    const { namespace } = place;
    const metadata = { name, namespace, labels: objectLabels(name) };
    const selector = selectorLabels(name);
    const claim = createVolume(`${name}-data`, name, place, {
        size: args.volume, accessMode: "ReadWriteOnce", storageClass: args.storageClass, group: uid,
    }, parent);
    new kubernetes.core.v1.Service(name, {
        metadata,
        spec: { clusterIP: "None", selector, ports: [{ name: "http", port, targetPort: "http" }] },
    }, options);
    // A single server can't stay available while its node is drained: it moves, with its data.
    createDisruptionBudget(metadata, options);
    return createStatefulSet(metadata, {
        spec: {
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            priorityClassName: platformPriorityClass,
            securityContext: podSecurityContext(uid),
            containers: [container(args)],
            volumes: [
                { name: "data", persistentVolumeClaim: { claimName: claim.metadata.name } },
                { name: "credentials", secret: { secretName: args.secret.metadata.name, defaultMode: 0o440 } },
            ],
        },
    }, options);
}

function container({ keepDays, limits }: StoreArgs): kubernetes.types.input.core.v1.Container {
    const probe = { httpGet: { path: "/health", port: "http" }, periodSeconds: 5 };
    return {
        name,
        image: images.logStore,
        imagePullPolicy: "IfNotPresent",
        // It deletes nothing on request: -delete.enable is off by default.
        args: [
            `-storageDataPath=${dataDirectory}`,
            `-httpListenAddr=:${port}`,
            `-httpAuth.username=${storeUser}`,
            `-httpAuth.password=file://${secretDirectory}/${passwordKey}`,
            // By the day: lines are dropped up to a day later.
            `-retentionPeriod=${keepDays}d`,
            `-retention.maxDiskSpaceUsageBytes=${limits.kept}`,
            `-storage.minFreeDiskSpaceBytes=${limits.free}`,
            // A search through a year on a small machine.
            "-search.maxQueryDuration=5m",
        ],
        ports: [{ name: "http", containerPort: port }],
        // After a crash it may have to read its whole index.
        startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 150 },
        readinessProbe: probe,
        livenessProbe: { ...probe, ...patience },
        // Its caches take at most 60 percent of the limit.
        resources: withEphemeralStorage({
            requests: { cpu: "20m", memory: "64Mi" }, limits: { cpu: "1", memory: "384Mi" },
        }),
        securityContext: containerSecurityContext,
        volumeMounts: [
            { name: "data", mountPath: dataDirectory },
            { name: "credentials", mountPath: secretDirectory, readOnly: true },
        ],
    };
}
