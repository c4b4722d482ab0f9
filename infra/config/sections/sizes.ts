import { databaseDefaults, serviceReplicas, webDefaults } from "../../../components/workload/defaults";

/** How much traffic an environment is for. */
export const sizes = ["small", "medium", "large"] as const;
export type Size = typeof sizes[number];

type Resources = Record<"cpu" | "memory", { request: string; limit: string }>;

interface Replicas {
    min: number;
    max: number;
}

interface Preset {
    web: Resources & { replicas: Replicas };
    /** Of each service with a port, if the application consists of services. Its CPU and memory are those of `web`. */
    service: { replicas: Replicas };
    database: Resources;
}

/**
 * The defaults of each size. All limits and the quota follow from these numbers, see infra/limits.ts. Volumes aren't among
 * them: they can't shrink and not all can grow, so an environment couldn't change its size.
 */
export const presets: Record<Size, Preset> = {
    // For a few people: one pod is enough, and several environments fit on one server.
    small: {
        web: {
            replicas: { min: 1, max: 3 }, cpu: { request: "100m", limit: "1" }, memory: { request: "256Mi", limit: "768Mi" },
        },
        service: { replicas: { min: 1, max: 2 } },
        database: { cpu: { request: "100m", limit: "1" }, memory: { request: "256Mi", limit: "512Mi" } },
    },
    medium: { web: webDefaults, service: { replicas: serviceReplicas }, database: databaseDefaults },
    large: {
        web: {
            replicas: { min: 3, max: 30 }, cpu: { request: "500m", limit: "2" }, memory: { request: "512Mi", limit: "2Gi" },
        },
        service: { replicas: { min: 3, max: 12 } },
        database: { cpu: { request: "1", limit: "4" }, memory: { request: "4Gi", limit: "8Gi" } },
    },
};

/** A default for the reference: the medium size's, and the others' if they differ. */
export function bySize(valueOf: (preset: Preset) => string | number): string {
    const usual = valueOf(presets.medium);
    const others = sizes.filter(size => valueOf(presets[size]) !== usual).map(size => `${size}: \`${valueOf(presets[size])}\``);
    return others.length === 0 ? `\`${usual}\`` : `\`${usual}\` (\`environment.size\` ${others.join(", ")})`;
}

/** The size that raw settings name; medium if they name none. */
export function sizeOf(environment: unknown): Size {
    const size = typeof environment === "object" && environment !== null && "size" in environment ? environment.size : undefined;
    return sizes.find(known => known === size) ?? "medium";
}
