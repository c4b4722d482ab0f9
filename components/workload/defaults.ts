/** What the pods of an environment may use together. */
export const defaultQuota = { cpu: "16", memory: "16Gi", storage: "50Gi", pods: 60 };

/** Defaults of a web service. */
export const webDefaults = {
    replicas: { min: 2, max: 10 },
    targetCpu: 70,
    cpu: { request: "250m", limit: "1" },
    memory: { request: "256Mi", limit: "1Gi" },
};

/** Defaults of a database. */
export const databaseDefaults = {
    volume: "5Gi",
    cpu: { request: "250m", limit: "1" },
    memory: { request: "512Mi", limit: "1Gi" },
};
