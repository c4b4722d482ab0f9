import * as fs from "node:fs";
import * as path from "node:path";
import { cacheDirectory } from "../../../components/cache";
import { cached, cachedNames, keyOf } from "./cache";
import { pulumiComponents } from "./components";
import { buildGo } from "./go";
import { Log, report } from "./run";

const RECIPE = 1;

/** Programs of this project that Pulumi starts, and their files. */
const plugins = { "pulumi-language-nodejs": "language", "pulumi-resource-command": "command",
    "pulumi-resource-docker": "docker", "pulumi-resource-random": "random" };

/**
 * Builds the Pulumi CLI and its Kubernetes provider. Returns a directory for PATH that contains them and
 * this project's plugins.
 */
export async function buildPulumi(log: Log): Promise<string> {
    const programs: string[] = [];
    for (const { name, ...component } of pulumiComponents) {
        programs.push(path.join(await buildGo(log, { name, ...component }), name)); // each uses all processors
    }
    const launchers = Object.entries(plugins).map(([name, file]) => [name, launcher(file)] as const);
    return cached("pulumi-bin", keyOf(RECIPE, cachedNames(programs), launchers), async dir => {
        // Not a symbolic link: Pulumi looks for its language host beside its own file.
        for (const program of programs) fs.linkSync(program, path.join(dir, path.basename(program)));
        for (const [name, script] of launchers) fs.writeFileSync(path.join(dir, name), script, { mode: 0o755 });
    });
}

/** The same directory if it exists already, otherwise undefined. Builds nothing. */
export function builtPulumi(): string | undefined {
    const kit = path.join(cacheDirectory(), "kit");
    const names = fs.existsSync(kit) ? fs.readdirSync(kit).filter(name => name.startsWith("pulumi-bin-")) : [];
    const made = (directory: string): number => fs.statSync(directory).mtimeMs;
    // Another checkout's would start that checkout's plugins.
    const isOurs = (directory: string): boolean =>
        fs.readFileSync(path.join(directory, "pulumi-language-nodejs"), "utf8") === launcher(plugins["pulumi-language-nodejs"]);
    return names.map(name => path.join(kit, name)).filter(isOurs).sort((a, b) => made(b) - made(a))[0];
}

/** Starts a plugin with the Node and the packages of this project. */
function launcher(plugin: string): string {
    const [preload, file] = ["../../preload.cjs", `../plugins/${plugin}.ts`].map(file => quoted(path.resolve(__dirname, file)));
    return `#!/bin/sh\nexec node --require ${preload} ${file} "$@"\n`;
}

function quoted(text: string): string {
    return `'${text.replaceAll("'", `'\\''`)}'`;
}

if (require.main === module) report(buildPulumi(line => console.error(line)));
