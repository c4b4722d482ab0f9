import type * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Environment } from "./environment";
import type { Metadata } from "./labels";
import type { RequestTimes } from "./limits";
import { allowConnection, type Listener } from "./network";
import { type After, type Backend, createRoutes, type Exposure } from "./route";
/** A workload that sleeps with its environment. While a Job runs, the environment is awake. */
export interface Sleeping {
    kind: "Deployment" | "StatefulSet" | "CronJob" | "Job";
    name: string;
    /** How many pods it has when it wakes. An autoscaler adds more. 0 for a CronJob or a Job. */
    replicas: number;
}

/** A workload that gets requests from outside, whose routes lead to the activator. */
interface SleepingService {
    listener: Listener;
    exposed: Exposure;
    times: RequestTimes;
    service: kubernetes.core.v1.Service;
    /** Creates the routes, once the backend and what it needs exist. */
    createRoutes(backend: Backend, after: pulumi.Resource[]): void;
}

/** What an environment puts to sleep, and how many minutes without a request it takes. Components add themselves. */
export interface Sleep {
    after: number;
    workloads: Sleeping[];
    services: SleepingService[];
}

/**
 * Lets the gateway send requests to the workload. In an environment that sleeps they come by the activator, which creates the
 * routes.
 */
export function expose(
    workload: Listener & pulumi.Resource, { sleep }: Environment, metadata: Metadata, exposed: Exposure, times: RequestTimes, after: After,
    options: pulumi.CustomResourceOptions,
): void {
    if (sleep === undefined) {
        allowConnection(workload, exposed.gateway, workload);
        return createRoutes(metadata, exposed, times, after, options);
    }
    sleep.services.push({
        listener: workload, exposed, times, service: after.service,
        createRoutes: (backend, before) => createRoutes(metadata, exposed, times, { ...after, backend, before }, options),
    });
}
