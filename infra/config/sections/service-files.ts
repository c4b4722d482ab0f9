import * as z from "zod";
import { largerVolume, otherVolume } from "../schema/change";
import { byName, choice, dnsLabel, matching, quantity } from "../schema/fields";
import type { Violation } from "../schema/rule";
import { storageClass } from "./app";

/** The first part of the pods' label, of the Service's name, and of other objects' names. */
export const serviceName = /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/;
export const serviceNames = 'lower-case letters, digits and "-", at most 30, beginning with a letter';

/** A path in a container. */
export const absolute = /^\/[^\s:,]*[^\s:,/]$/;

/** `landfall:app.services.<name>.volumes`. */
export function volumes() {
    const volume = z.strictObject({
        name: dnsLabel(30).optional().meta({
            description: "Ending of the claim's name. Another name is another, empty volume.", example: "data",
            defaultText: "the directory's last part", change: otherVolume,
        }),
        size: quantity("bytes", "1Mi").prefault("5Gi").meta({ description: "Size of the volume.", example: "20Gi", change: largerVolume, shared: false }),
        accessMode: choice("ReadWriteOnce", "ReadWriteMany").default("ReadWriteOnce").meta({
            description: "`ReadWriteOnce`: for one pod, which an update stops before the next one starts. `ReadWriteMany`: all pods share it.",
            example: "ReadWriteMany", change: otherVolume, shared: false,
        }),
        storageClass: storageClass("the target's class for that access mode"),
        of: matching(serviceNames, serviceName).optional().meta({
            description: "Another service, to share its volume of this `name`: both see the same files. That volume must have accessMode ReadWriteMany, and both services the same `uid`.",
            example: "web", defaultText: "none: the volume is the service's own", change: otherVolume,
        }),
    }).transform(given => given.of === undefined ? given : { ...given, accessMode: "ReadWriteMany" as const }).meta({ description: "A persistent volume.", example: { size: "5Gi" } });
    return byName("absolute paths of directories", absolute, "/data", volume).prefault({}).meta({
        description: "Persistent volumes, by the directories at which the container sees them.", example: { "/data": { size: "5Gi" } }, defaultText: "none",
    });
}

/** `landfall:app.services.<name>.files`. */
export function files() {
    return byName("absolute paths of files", absolute, "/etc/nginx/conf.d/site.conf", z.string().meta({ allowed: "text" })).prefault({}).meta({
        description: "Read-only files that aren't secret, by path, with their content; at most 1000 KiB together. The image's other files in "
            + "the same directory stay. If the content of one begins with `#!`, all of them can be executed.",
        example: { "/etc/shop/settings.ini": "color = blue\n" }, defaultText: "none",
    });
}

/** A ConfigMap holds 1 MiB, its other fields included. */
const mostBytes = 1000 * 1024;

export function filesFit({ files }: { files: Record<string, string> }): Violation | undefined {
    const bytes = Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content), 0);
    return bytes <= mostBytes ? undefined : {
        keys: ["files"], problem: `are ${Math.ceil(bytes / 1024)} KiB together, and a ConfigMap holds 1000`,
        allowed: "at most 1000 KiB; larger files belong into the image (build)", example: { files: { "/etc/shop/settings.ini": "color = blue\n" } },
    };
}

/** `landfall:app.services.<name>.ephemeral`. */
export function ephemeral() {
    return byName("absolute paths of directories", absolute, "/tmp", quantity("bytes", "1Mi")).prefault({}).meta({
        description: "Directories that the container may write to, by size. They are empty in every new pod. Everything else is read-only.",
        example: { "/tmp": "64Mi", "/var/cache": "256Mi" }, defaultText: "{ /tmp: 64Mi }",
    });
}

/** Ending of a volume's claim: `data` of `/var/lib/data`. */
export function volumeName(path: string, { name }: { name?: string }): string {
    const last = path.split("/").pop()!.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 30);
    return name ?? (last.replace(/-+$/, "") || "volume");
}

