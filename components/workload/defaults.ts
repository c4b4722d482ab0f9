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

/** Defaults of a scheduled task. */
export const taskDefaults = {
    deadlineSeconds: 600,
    cpu: { request: "50m", limit: "1" },
    memory: { request: "64Mi", limit: "256Mi" },
};

/** User and group of a container, unless the program names another. */
export const defaultUid = 10001;

/** Defaults of a database. */
export const databaseDefaults = {
    volume: "5Gi",
    cpu: { request: "250m", limit: "1" },
    memory: { request: "512Mi", limit: "1Gi" },
};
