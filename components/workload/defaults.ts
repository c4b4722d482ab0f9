/** What the pods of an environment may use together. */
export const defaultQuota = { cpu: "16", memory: "16Gi", storage: "50Gi", ephemeralStorage: "60Gi", pods: 60 };

/** What a container of an environment gets if it doesn't say. */
export const containerDefaults = {
    request: { "cpu": "50m", "memory": "64Mi", "ephemeral-storage": "64Mi" },
    limit: { "cpu": "500m", "memory": "256Mi", "ephemeral-storage": "512Mi" },
};

/** Defaults of a web service. */
export const webDefaults = {
    replicas: { min: 2, max: 10 },
    targetCpu: 70,
    cpu: { request: "250m", limit: "1" },
    memory: { request: "256Mi", limit: "1Gi" },
};

/** Replicas of each of an application's services: several at their largest fit the default quota. */
export const serviceReplicas = { min: 2, max: 4 };

/** Defaults of a worker: one, because two may do the same work. */
export const workerDefaults = { replicas: { min: 1, max: 1 } };

/** Seconds that a pod keeps serving before SIGTERM, until endpoints no longer list it. */
export const drainSeconds = 5;

/** Seconds from SIGTERM until a pod without requests is killed: Kubernetes' default. */
export const graceSeconds = 30;

/** Defaults of a scheduled task. */
export const taskDefaults = {
    deadlineSeconds: 600,
    cpu: { request: "50m", limit: "1" },
    memory: { request: "64Mi", limit: "256Mi" },
};

/** Defaults of a job: an hour is enough for most migrations. */
export const jobDefaults = { deadlineSeconds: 3600 };

/** Seconds that a container may take to start: a program that is stopped while it creates its tables may not start again. */
export const startSeconds = 300;

/** User and group of a container, unless the program names another. */
export const defaultUid = 10001;

/** Defaults of a database. */
export const databaseDefaults = {
    volume: "5Gi",
    cpu: { request: "250m", limit: "1" },
    memory: { request: "512Mi", limit: "1Gi" },
};
