import * as path from "node:path";
import { bindOf } from "./binds";
import type { KnownImage } from "./images";
import { flagOf, listOf, type Node, objectOf, textOf } from "./node";
import type { Project } from "./service";
import { type Mount, parseBytes, parseMount } from "./values";

/** Space of a directory that is empty in every new pod, where the file doesn't say. */
const usualSpace = "64Mi";

/** What a service finds in its file system besides the image. */
export interface Storage {
    /** Persistent volumes, by directory. */
    volumes: Record<string, { name: string }>;
    /** Sizes of directories that are empty in every new pod. */
    ephemeral: Record<string, string>;
    files: Record<string, string>;
    /** Names of secrets, by file. */
    secrets: Record<string, string>;
    /** What the volumes are in Compose, by directory: a name or an absolute path. */
    sources: Record<string, string>;
    /** Directories of this computer that the service only reads. */
    onlyRead: string[];
}

export function storageOf(name: string, entries: { [key: string]: Node }, known: KnownImage, context: string | undefined, project: Project): Storage {
    const found: Storage = {
        volumes: {}, ephemeral: Object.fromEntries((known.ephemeral ?? []).map(directory => [directory, usualSpace])), files: {}, secrets: {}, sources: {}, onlyRead: [],
    };
    const addVolume = (target: string, claim: string, source: string): void => {
        delete found.ephemeral[target];
        found.volumes[target] = { name: claim };
        found.sources[target] = source;
    };
    const mounts = (listOf(entries.volumes) ?? []).map(node => ({ node, mount: mountOf(name, node, project) }));
    for (const { node, mount } of mounts) {
        if (mount?.type === "tmpfs") found.ephemeral[mount.target] = mount.size ?? usualSpace;
        if (mount?.type === "bind") {
            const { files, secrets, volume } = bindOf(name, node, mount, context, project);
            Object.assign(found.files, files);
            Object.assign(found.secrets, secrets);
            if (volume !== undefined && mount.readOnly) found.onlyRead.push(mount.target);
            if (volume !== undefined) addVolume(mount.target, volume, path.resolve(project.directory, mount.source!));
        }
        if (mount?.type !== "volume") continue;
        // As with node_modules: beside a mounted source directory, it keeps what the build made.
        if (mount.source === undefined && context !== undefined) project.report.warn(node, `services.${name}.volumes ${mount.target} is left out: the image's own files are used there, read-only.`);
        else if (isPossible(name, node, mount, project)) addVolume(mount.target, claimName(mount.source!), mount.source!);
    }
    for (const node of entries.tmpfs ? listOf(entries.tmpfs) ?? [entries.tmpfs] : []) {
        const [target, options = ""] = (textOf(node) ?? "").split(":");
        if (!target.startsWith("/")) project.report.wrong(node, `services.${name}.tmpfs`, "an absolute path, such as /run");
        else found.ephemeral[target.replace(/(?<=.)\/+$/, "")] = spaceOf(/size=([^,]+)/.exec(options)?.[1]) ?? usualSpace;
    }
    return found;
}

function claimName(source: string): string {
    return source.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 30).replace(/-+$/, "");
}

function spaceOf(text: string | undefined): string | undefined {
    const bytes = text === undefined ? undefined : parseBytes(text);
    return !bytes ? undefined : `${Math.max(1, Math.ceil(bytes / 2 ** 20))}Mi`;
}

function mountOf(name: string, node: Node, { report }: Project): Mount & { size?: string } | undefined {
    const long = objectOf(node);
    const form = "[SOURCE:]TARGET[:OPTIONS] with an absolute TARGET, or a mapping with `type` and `target`";
    if (long === undefined) return parseMount(textOf(node) ?? "") ?? report.wrong(node, `services.${name}.volumes`, form);
    const [type, target, source] = [textOf(long.type), textOf(long.target), textOf(long.source)];
    if (type === undefined || !target?.startsWith("/")) return report.wrong(node, `services.${name}.volumes`, form);
    if (!["volume", "bind", "tmpfs"].includes(type)) {
        report.refuse(node, `services.${name}.volumes has the type ${type}. Only volume, bind and tmpfs can be carried over.`);
        return undefined;
    }
    if (objectOf(long.volume)?.subpath) report.refuse(node, `services.${name}.volumes has a subpath. Mount the whole volume.`);
    return { type, target, ...(source !== undefined && { source }), readOnly: flagOf(long.read_only) === true, size: spaceOf(textOf(objectOf(long.tmpfs)?.size)) };
}

function isPossible(name: string, node: Node, { source, target, readOnly }: Mount, { volumes, report }: Project): boolean {
    const key = `services.${name}.volumes ${source === undefined ? target : `${source}:${target}`}`;
    if (source === undefined) {
        report.refuse(node, `${key} has no name. Name it and list it under the file's volumes, if its content must stay; otherwise move it to tmpfs.`);
        return false;
    }
    if (!Object.hasOwn(volumes, source)) {
        report.refuse(node, `${key} isn't listed under the file's volumes. Add \`volumes: { ${source}: }\` at the top`);
        return false;
    }
    if (readOnly) report.warn(node, `${key} is writable: volumes have no read-only mounts here.`);
    return true;
}
