import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { sortedFiles } from "../../components/project";
import { type Node, textOfFile } from "./node";
import type { Project } from "./service";
import type { Mount } from "./values";
import { isSensitive } from "./variables";

/** What a mount of this computer's files becomes: files with their content, secret files, an empty volume, or nothing. */
export interface Bind {
    files?: Record<string, string>;
    secrets?: Record<string, string>;
    /** Name of the volume. */
    volume?: string;
}

/** A ConfigMap or a Secret holds 1 MiB. */
const mostBytes = 1000 * 1024;
const mostFiles = 200;

/** Directories of the computer's own system. */
const system = /^\/(?:(?:proc|sys|dev|run|var\/run|var\/lib\/(?:docker|containers)|var\/log|etc|boot|lib|lib64|usr|bin|sbin)(?:\/|$)|$)/;

/** Where Docker listens on Windows: `//./pipe/docker_engine`. */
function isPipe(source: string): boolean {
    return /^[\\/]{2}\.[\\/]pipe[\\/]/i.test(source);
}

/** The nodes don't have this computer's files. Small ones become part of the stack; a directory without any becomes a volume. */
export function bindOf(name: string, node: Node, mount: Mount, context: string | undefined, project: Project): Bind {
    try {
        return readBind(name, node, mount, context, project);
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === undefined) throw error;
        const { source = "", target } = mount;
        const volume = volumeNameOf(source);
        // As a database's directory, which only the container's user reads.
        project.report.refuse(node, `services.${name}.volumes ${source}:${target} can't be carried over: ${source} can't be read on this computer (${code}). `
            + `If the program writes there, write ${volume}:${target} and list ${volume} under the file's volumes: it begins empty. Otherwise make it readable.`);
        return {};
    }
}

function readBind(name: string, node: Node, mount: Mount, context: string | undefined, project: Project): Bind {
    const { report, directory } = project;
    const { source = "", target, readOnly } = mount;
    const key = `services.${name}.volumes ${source}:${target}`;
    const refuse = (reason: string): Bind => {
        report.refuse(node, `${key} can't be carried over: ${reason}`);
        return {};
    };
    if (/\.sock$/.test(source) || isPipe(source) || system.test(source)) {
        if (/^\/etc\/(localtime|timezone)$/.test(source)) {
            report.warn(node, `${key} is left out: a container's clock is in UTC. Set TZ in its environment.`);
            return {};
        }
        return refuse(isPipe(source) || /(docker|containerd|podman)\.sock$/.test(source) ? "a container that reaches the engine controls its node. Leave it out."
            : "a container sees nothing of its node's system. Leave it out.");
    }
    const full = path.resolve(directory, source.replace(/^~(?=[\\/]|$)/, () => os.homedir()));
    const isRelative = !/^(?:[/~]|\\\\|[A-Za-z]:[\\/])/.test(source);
    if (context !== undefined && isRelative && isInside(path.resolve(context), full)) {
        report.warn(node, `${key} is left out: the image's own files are used. npm start builds them again after a change.`);
        return {};
    }
    const found = fs.statSync(full, { throwIfNoEntry: false });
    const files = found?.isDirectory() ? filesBelow(full) : found?.isFile() ? [full] : [];
    const volume = volumeNameOf(source);
    if (files.length === 0) {
        if (found !== undefined && !found.isDirectory()) return refuse("it is neither a file nor a directory. Leave it out.");
        if (found && readOnly) return refuse(`${source} is empty on this computer. Put the files there, or leave the mount out.`);
        if (!found && /[^/]\.[A-Za-z][A-Za-z0-9]{0,4}$/.test(target)) return refuse(`${source} doesn't exist on this computer. Create it, or leave the mount out.`);
        report.warn(node, `${key} is the volume ${volume}, which begins empty.`);
        return { volume };
    }
    if (found!.isDirectory() && !readOnly && !/^\/(etc\/|docker-entrypoint)/.test(target)) {
        return refuse(`${source} has files, and the mount doesn't say whether the program changes them. If it only reads them, write ${source}:${target}:ro. `
            + `If it writes there, write ${volume}:${target} and list ${volume} under the file's volumes: it begins empty.`);
    }
    const contents = contentsOf(files);
    if (contents === undefined) return refuse(`${source} is more than ${mostFiles} files, ${mostBytes / 1024} KiB, or has files that aren't text in UTF-8. Copy it into the image (\`build\`).`);
    const placed = Object.fromEntries(files.map((file, index) => [path.posix.join(target, path.relative(full, file).split(path.sep).join("/")), contents[index]]));
    const strange = Object.keys(placed).find(place => /[\s:,]/.test(place));
    if (strange !== undefined) return refuse(`the name ${JSON.stringify(strange)} has a space, a colon or a comma. Rename the file.`);
    for (const [place] of Object.entries(placed).filter(([, text]) => /^#!.*\r\n/.test(text))) {
        report.warn(node, `services.${name}.volumes: ${place} has the line ends of Windows, with which Linux can't start it. Save it with LF, and in Git set "text eol=lf" for it in .gitattributes.`);
    }
    if (found!.isDirectory()) report.warn(node, `${key} adds its files as they are now. The image's other files in ${target} stay.`);
    if (!readOnly) report.warn(node, `${key} is read-only: the program can't change files of the stack.`);
    return sortedBySecrecy(name, node, placed, project);
}

/** Whether a file is in a directory, or is it. On Windows, the way to another drive is an absolute path. */
export function isInside(directory: string, file: string, system: Pick<typeof path, "relative" | "isAbsolute"> = path): boolean {
    const way = system.relative(directory, file);
    return !/^\.\.(?:[\\/]|$)/.test(way) && !system.isAbsolute(way);
}

function filesBelow(directory: string): string[] {
    // Files of Git and of the desktop aren't the program's. A link to a file stands for it.
    const others = /^(\.git.*|\.DS_Store|Thumbs\.db|desktop\.ini)$/;
    return sortedFiles(fs.readdirSync(directory, { recursive: true, withFileTypes: true }).filter(entry => !entry.isDirectory() && !others.test(entry.name))
        .map(entry => path.join(entry.parentPath, entry.name)).filter(file => fs.statSync(file, { throwIfNoEntry: false })?.isFile()));
}

/** Undefined if they aren't text, or are too large together. */
function contentsOf(files: string[]): string[] | undefined {
    if (files.length > mostFiles || files.reduce((sum, file) => sum + fs.statSync(file).size, 0) > mostBytes) return undefined;
    const texts = files.map(textOfFile);
    return texts.every(text => text !== undefined) ? texts : undefined;
}

/** Private keys and the like are secrets. */
function sortedBySecrecy(name: string, node: Node, placed: Record<string, string>, { addSecret, report }: Project): Bind {
    const isSecret = ([place, text]: [string, string]) => /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) || /passwd$/.test(place)
        || isSensitive(path.posix.basename(place).replace(/\W+/g, "_"), text);
    const entries = Object.entries(placed);
    const secrets = entries.filter(isSecret);
    for (const [place] of entries.filter(entry => !isSecret(entry) && hasSecrets(entry[1]))) {
        report.warn(node, `services.${name}.volumes: ${place} seems to have secrets in it, and whoever reads the stack's state reads it. `
            + `If the program can, let it read them from its environment, where they are secrets.`);
    }
    for (const [place] of secrets) report.warn(node, `services.${name}.volumes: ${place} is kept as a secret, because of its name or content. It hides the image's files in its directory.`);
    return {
        files: Object.fromEntries(entries.filter(entry => !isSecret(entry))),
        secrets: Object.fromEntries(secrets.map(([place, text]) => [place, addSecret(`${name}${place.replaceAll("/", "-")}`, text)])),
    };
}

/** Whether a line sets something that is secret by its name. */
function hasSecrets(text: string): boolean {
    return text.split("\n").some(line => {
        const [, key = "", value = ""] = /^\s*(?:export\s+)?["']?([A-Za-z_][\w.-]*)["']?\s*[=:]\s*["']?([^\s"',;#]+)/.exec(line) ?? [];
        return isSensitive(key.replaceAll("-", "_"), value) && !/^(\$.*|true|false|null|\d+)$/i.test(value);
    });
}

/** A volume's name that says where the files were: the end of the path. */
function volumeNameOf(source: string): string {
    const name = source.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
    if (name.length <= 30) return name || "data";
    // Two long paths may end alike.
    return `${name.slice(-23).replace(/^[^-]*-/, "")}-${createHash("sha256").update(source).digest("hex").slice(0, 6)}`;
}
