import * as path from "node:path";
import type { KnownImage } from "./images";
import { listOf, type Node, objectOf, textOf } from "./node";
import type { Project } from "./service";
import { type Mount, parseBytes, parseMount } from "./values";

/** Space of a directory that is empty in every new pod, where the file doesn't say. */
const usualSpace = "64Mi";

/** Where the container may write: persistent volumes, and directories that are empty in every new pod. */
export function volumesOf(
    name: string, entries: { [key: string]: Node }, known: KnownImage, context: string | undefined, project: Project,
): { volumes: Record<string, object>; ephemeral: Record<string, string> } {
    const volumes: Record<string, object> = {};
    const ephemeral = Object.fromEntries((known.ephemeral ?? []).map(directory => [directory, usualSpace]));
    for (const node of listOf(entries.volumes) ?? []) {
        const mount = mountOf(name, node, project);
        if (mount?.type === "tmpfs") ephemeral[mount.target] = mount.size ?? usualSpace;
        if (mount?.type === "bind") judgeBind(name, node, mount, context, project);
        if (mount?.type === "volume" && isPossible(name, node, mount, project)) volumes[mount.target] = { name: claimName(mount.source!) };
    }
    for (const node of entries.tmpfs ? listOf(entries.tmpfs) ?? [entries.tmpfs] : []) {
        const [target, options = ""] = (textOf(node) ?? "").split(":");
        ephemeral[target] = spaceOf(/size=([^,]+)/.exec(options)?.[1]) ?? usualSpace;
    }
    return { volumes, ephemeral };
}

function claimName(source: string): string {
    return source.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 30).replace(/-+$/, "");
}

function spaceOf(text: string | undefined): string | undefined {
    const bytes = text === undefined ? undefined : parseBytes(text);
    return bytes === undefined ? undefined : `${Math.max(1, Math.ceil(bytes / 2 ** 20))}Mi`;
}

function mountOf(name: string, node: Node, { report }: Project): Mount & { size?: string } | undefined {
    const long = objectOf(node);
    const form = "[SOURCE:]TARGET[:OPTIONS] with an absolute TARGET, or a mapping with `type` and `target`";
    if (long === undefined) return parseMount(textOf(node) ?? "") ?? report.wrong(node, `services.${name}.volumes`, form);
    const [type, target, source] = [textOf(long.type), textOf(long.target), textOf(long.source)];
    if (type === undefined || !target?.startsWith("/")) return report.wrong(node, `services.${name}.volumes`, form);
    if (!["volume", "bind", "tmpfs"].includes(type)) {
        report.refuse(node, `services.${name}.volumes has the type ${type}, and there are only volume and tmpfs here.`);
        return undefined;
    }
    if (objectOf(long.volume)?.subpath) report.refuse(node, `services.${name}.volumes has a subpath. Mount the whole volume.`);
    return { type, target, ...(source !== undefined && { source }), readOnly: long.read_only?.value === true, size: spaceOf(textOf(objectOf(long.tmpfs)?.size)) };
}

/** Directories of the host aren't on the nodes. Those that only override an image's own files, while it is developed, aren't missed. */
function judgeBind(name: string, node: Node, { source = "", target }: Mount, context: string | undefined, { directory, report }: Project): void {
    const key = `services.${name}.volumes ${source}:${target}`;
    if (/docker\.sock$|containerd\.sock$|podman\.sock$/.test(source)) {
        return report.refuse(node, `${key} can't be carried over: a container that reaches the engine controls its node. Leave it out.`);
    }
    const full = path.resolve(directory, source);
    const isInside = context !== undefined && !path.relative(path.resolve(context), full).startsWith("..") && !/^[/~]/.test(source);
    if (isInside) return report.warn(node, `${key} is left out: the image's own files are used. npm start builds them again after a change.`);
    report.refuse(node, `${key} can't be carried over: the nodes don't have this computer's files. `
        + "Copy them into the image (`build`), make a file a secret, or use a named volume for what the program writes.");
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
    if (readOnly) report.warn(node, `${key} is writable: it belongs to this service alone.`);
    return true;
}
