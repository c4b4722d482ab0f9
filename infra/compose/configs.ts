import * as fs from "node:fs";
import * as path from "node:path";
import { isExternal, listOf, type Node, objectOf, textOf, textOfFile } from "./node";
import type { Project } from "./service";

/** The files of a service that come from `configs`, by path. */
export function filesOf(name: string, { configs }: { [key: string]: Node }, project: Project): Record<string, string> {
    return Object.fromEntries((listOf(configs) ?? []).flatMap(node => {
        const long = objectOf(node);
        const source = textOf(long?.source) ?? textOf(node);
        if (source === undefined) return project.report.wrong(node, `services.${name}.configs`, "the name of a config, or a mapping with `source`") ?? [];
        // As Docker has it: a file of the config's name in the root directory.
        const target = path.posix.resolve("/", textOf(long?.target) ?? source);
        for (const key of ["uid", "gid", "mode"].filter(each => long?.[each])) {
            project.report.warn(long![key], `services.${name}.configs.${source}.${key} is left out: everybody in the container reads the file, and nobody writes it.`);
        }
        const content = contentOf(source, target, node, project);
        return content === undefined ? [] : [[target, content]];
    }));
}

/** The content of a config at the top: of a file, of a variable, or written there. */
function contentOf(name: string, target: string, at: Node, { configs, directory, variables, report }: Project): string | undefined {
    const entries = objectOf(configs[name]);
    if (entries === undefined) return void report.refuse(at, `configs.${name} isn't listed at the top of the file. List it, or leave it out`);
    const { content, environment, file, external } = entries;
    if (isExternal(external)) {
        return void report.refuse(external, `configs.${name} is external: its content isn't in this file. Set it under landfall:app.services.<name>.files { ${target}: … }.`);
    }
    if (content) return textOf(content) ?? report.wrong(content, `configs.${name}.content`, "text");
    const variable = textOf(environment);
    if (variable !== undefined) return variables[variable] ?? void report.refuse(environment, `configs.${name} needs the variable ${variable}, which isn't set`);
    const full = path.resolve(directory, textOf(file) ?? "");
    if (!file || !fs.statSync(full, { throwIfNoEntry: false })?.isFile()) return void report.refuse(file ?? at, `configs.${name} has no file that can be read`);
    return textOfFile(full) ?? void report.refuse(file, `configs.${name} isn't text in UTF-8. Copy the file into the image (\`build\`)`);
}
