import * as z from "zod";
import { compareQuantities, mebibytes } from "../../../components/quantity";
import { imagesDate } from "../../../components/versions";
import { databaseDefaults, webDefaults } from "../../../components/workload/defaults";
import { leastWebMemory } from "../../limits";
import { type Change, largerVolume, otherVolume } from "../schema/change";
import { choice, day, email, image, line, matching, objectName, quantity, whole } from "../schema/fields";
import { rule, type Violation } from "../schema/rule";
import { egress, mail } from "./outside";
import { bySize, presets, type Size } from "./sizes";

/**
 * Requests and limits of one resource, with the defaults of a part of WordPress. A request above its limit is refused.
 * @param section its key, if it is another's than that part's
 */
export function resource(part: "web" | "database", what: "CPU" | "Memory", size: Size, section = `app.${part}`) {
    const [name, kind, leastRequest, least] = what === "CPU"
        ? ["cpu", "cpu", "1m", "100m"] as const : ["memory", "bytes", "16Mi", "16Mi"] as const;
    const defaults = presets[size][part][name];
    const keys = z.strictObject({
        request: quantity(kind, leastRequest).prefault(defaults.request).meta({
            description: `${what} that a pod is guaranteed, and that the scheduler counts.`, example: defaults.request,
            defaultText: bySize(preset => preset[part][name].request),
        }),
        limit: quantity(kind, least).prefault(defaults.limit).meta({
            description: `${what} that a pod can use at most.`, example: defaults.limit,
            defaultText: bySize(preset => preset[part][name].limit),
        }),
    });
    return rule(keys, ["request", "limit"], ({ request, limit }) => {
        return compareQuantities(request, limit) <= 0 ? undefined : {
            keys: ["request", "limit"], problem: `is more than {${section}.${name}.limit}`,
            allowed: "a request of at most the limit", example: { request: limit, limit },
        };
    }).prefault({}).meta({ description: `${what} of each pod.`, example: defaults, shared: false });
}

export function storageClass(usual: string) {
    return objectName().optional().meta({
        description: "StorageClass of the volume.", example: "fast", defaultText: usual, change: otherVolume, shared: false,
    });
}

const installed: Change = "no effect: it is only used when the site is installed. Change it in WordPress";

function replicas(size: Size) {
    const { min: leastReplicas, max: mostReplicas } = presets[size].web.replicas;
    const keys = z.strictObject({
        min: whole(1, 1000).optional().meta({
            description: "Smallest number of pods.", example: 2, defaultText: `${bySize(preset => preset.web.replicas.min)}, or max if that is less`,
        }),
        max: whole(1, 1000).default(mostReplicas).meta({
            description: "Largest number of pods.", example: 20, defaultText: bySize(preset => preset.web.replicas.max),
        }),
    });
    return rule(keys, ["min", "max"], ({ min = 1, max }) => min <= max ? undefined : {
        keys: ["min", "max"], problem: "is more than {app.web.replicas.max}",
        allowed: "min of at most max", example: { min, max: min },
    }).transform(({ min, max }) => ({ min: min ?? Math.min(leastReplicas, max), max }))
        .prefault({})
        .meta({ description: "Range in which the autoscaler chooses the number of pods.", example: { min: 2, max: 10 }, shared: false });
}

function web(size: Size) {
    const keys = z.strictObject({
        image: image().optional().meta({
            description: "Image of the web server. It must listen on port 8080 and run as a user other than root.",
            example: "ghcr.io/example/wordpress:6.9", defaultText: "built from infra/images/web", shared: false,
        }),
        replicas: replicas(size),
        cpu: resource("web", "CPU", size),
        memory: resource("web", "Memory", size),
        targetCpu: whole(10, 95).default(webDefaults.targetCpu).meta({
            description: "Percentage of the requested CPU above which the autoscaler adds pods.", example: 60, shared: false,
        }),
        requestSeconds: whole(10, 230).default(60).meta({
            description: "Seconds that a page may take to answer. All timeouts follow from it, from the database to the gateway. "
                + "Some clouds' load balancers drop an idle connection after 240 seconds.",
            example: 120,
        }),
        uploads: z.strictObject({
            maxFile: quantity("bytes", "1Mi", "512Mi").prefault("64Mi").meta({
                description: "Size of the largest file that an editor may upload.", example: "256Mi",
            }),
            size: quantity("bytes", "1Mi").prefault("5Gi").meta({
                description: "Size of the volume for uploaded files.", example: "20Gi", change: largerVolume, shared: false,
            }),
            accessMode: choice("ReadWriteMany", "ReadWriteOnce").default("ReadWriteMany").meta({
                description: "Whether pods on all nodes can use the volume (`ReadWriteMany`), or only those on one node.",
                example: "ReadWriteMany", change: otherVolume, shared: false,
            }),
            storageClass: storageClass("the target's class for shared volumes"),
        }).prefault({}).meta({ description: "The volume for uploaded files.", example: { size: "20Gi" } }),
    });
    const sized = rule(rule(keys, ["memory", "uploads"], memoryHoldsPage), ["uploads"], ({ uploads: { size, maxFile } }) =>
        compareQuantities(size, maxFile) >= 0 ? undefined : {
            keys: ["uploads.size", "uploads.maxFile"], problem: "is less than the largest file that may be uploaded",
            allowed: "at least {app.web.uploads.maxFile}", example: { uploads: { size: maxFile, maxFile } },
        });
    return rule(sized, ["replicas", "uploads"], ({ replicas, uploads }) => {
        return uploads.accessMode === "ReadWriteMany" || replicas.max === 1 ? undefined : {
            keys: ["uploads.accessMode", "replicas.max"],
            problem: "can't be shared by the pods that {app.web.replicas.max} asks for",
            allowed: "accessMode ReadWriteMany, or replicas with max: 1",
            example: { uploads: { accessMode: "ReadWriteMany" } },
        };
    }).prefault({}).meta({
        description: "The web server: stateless, replicated and autoscaled.",
        example: { replicas: { min: 2, max: 10 } },
    });
}

/** A web pod's memory must hold Apache, PHP, one visitor, one editor and the largest upload. */
function memoryHoldsPage(
    { memory, uploads }: { memory: { limit: string }; uploads: { maxFile: string } },
): Violation | undefined {
    const least = leastWebMemory({ uploads });
    return mebibytes(memory.limit) >= least ? undefined : {
        keys: ["memory.limit", "uploads.maxFile"],
        problem: "is too little for Apache, PHP, one visitor, one editor and the largest upload",
        allowed: `at least ${least}Mi; or lower {app.web.uploads.maxFile}`,
        example: { memory: { limit: `${least}Mi` } },
    };
}

export function databaseKeys(size: Size) {
    return {
        mode: choice("single").default("single").meta({ description: "One database server.", example: "single" }),
        image: image().optional().meta({
            description: "Image of MariaDB.", example: "ghcr.io/example/mariadb:11.8",
            defaultText: "built from components/workload/images/database", shared: false,
        }),
        volume: quantity("bytes", "1Gi").prefault(databaseDefaults.volume).meta({
            description: "Size of the data volume.", example: "20Gi", change: largerVolume, shared: false,
        }),
        cpu: resource("database", "CPU", size),
        memory: resource("database", "Memory", size),
        storageClass: storageClass("the target's class"),
    };
}

export const databaseMeta = {
    description: "The database: one server with a persistent volume.", example: { mode: "single", volume: "5Gi" },
};

const mostMinutes = 60;

function tasks() {
    return z.strictObject({
        everyMinutes: z.int().min(1).max(mostMinutes).refine(minutes => mostMinutes % minutes === 0).default(1).meta({
            description: "Minutes between two runs. A scheduled post may be that late. Each run starts a small pod.",
            example: 5, allowed: "1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30 or 60",
        }),
    }).prefault({}).meta({
        description: "Scheduled tasks of WordPress and its plugins, such as publishing a post later.",
        example: { everyMinutes: 5 },
    });
}

export function images() {
    return z.strictObject({
        date: day().default(imagesDate).meta({
            description: "Date of the images. A new date rebuilds them with Debian's current packages, and replaces "
                + "the pods one by one.",
            example: "2026-11-29", defaultText: "the date in components/images.lock.json",
        }),
        base: image().optional().meta({
            description: "Base image of the images: Debian 13, or an image made from it.",
            example: "registry.example.com/debian:13-slim",
            defaultText: "Debian's own, by the digest in components/images.lock.json",
        }),
    }).prefault({}).meta({ description: "How the program builds the web and database images.", example: { date: "2026-11-29" }, shared: false });
}

/** The key that chooses what the application is. */
export function applicationType<const T extends string>(name: T) {
    return z.enum([name]).meta({
        description: "What the application is: WordPress with its database, or any services, described below or in a Compose file.",
        // The other one has a schema of its own.
        allowed: "wordpress or services", enum: ["wordpress", "services"], example: name,
        change: "replaces the application. Its volumes are deleted or kept as `landfall:environment.volumes` says",
    });
}

/** `landfall:app` with type: wordpress, with the defaults of a size. */
export function appSchema(size: Size = "medium") {
    return z.strictObject({
        type: applicationType("wordpress").default("wordpress"),
        title: line(200).default("Landfall").meta({ description: "Title of the site.", example: "My Company", change: installed, shared: false }),
        admin: z.strictObject({
            user: matching(
                "1 to 60 letters, digits, \"_\", \".\", \"@\" and \"-\", at least one a letter or digit",
                /^(?=.*[A-Za-z0-9])[\w.@-]{1,60}$/, /[\w.@-]/,
            ).default("admin")
                .meta({ description: "Name of the site's first user.", example: "editor" }),
            email: email().default("admin@example.com").meta({
                description: "The first user's e-mail address.", example: "editor@example.com",
            }),
        }).prefault({}).meta({
            description: "The site's first user. The password is `landfall:adminPassword`.",
            example: { user: "editor", email: "editor@example.com" }, change: installed, shared: false,
        }),
        images: images(),
        web: web(size),
        database: z.strictObject(databaseKeys(size)).prefault({}).meta(databaseMeta),
        tasks: tasks(),
        mail: mail(),
        egress: egress(),
    }).meta({
        description: "The application.",
        example: { web: { replicas: { min: 1, max: 5 } }, database: { mode: "single", volume: "5Gi" } }, change: "in place",
    });
}

export type WordPressSettings = z.output<ReturnType<typeof appSchema>>;
