import * as fs from "node:fs";
import * as path from "node:path";
import { cached, contents, keyOf } from "./cache";
import type { GoComponent } from "./component";
import { Log, run, step } from "./run";

const RECIPE = 1;

/** Builds a component's programs from its Go module. Returns their directory. */
export function buildGo(log: Log, component: GoComponent): Promise<string> {
    const key = keyOf(RECIPE, process.arch, component, ...ownSources(component).map(file => contents(file)));
    return cached(component.name, key, dir => {
        const programs = Object.keys(component.programs).join(", ");
        return step(log, `build ${programs} (${component.module} ${component.version})`, () => build(component, dir));
    });
}

/**
 * Our own module around the component's: `go install` refuses a module with replace lines, which only count in
 * the main module, so ours repeats them.
 */
async function build(component: GoComponent, dir: string): Promise<void> {
    const { module, version } = component;
    const work = path.join(dir, "src");
    fs.mkdirSync(work);
    const env: Record<string, string> = { CGO_ENABLED: "0", GOFLAGS: "-mod=mod", GOWORK: "off" };
    if (component.sum) env.GONOSUMDB = module;
    const go = (...args: string[]) => run("go", args, { cwd: work, env });

    const { Dir, GoMod, Sum } = await downloadModule(module, version, env);
    if (component.sum && Sum !== component.sum) {
        throw new Error(`${module} ${version} has the hash ${Sum}, but components.ts expects ${component.sum}.`);
    }
    const theirs = await readModule(GoMod);
    // Go allows a module's internal packages only below the module's name.
    await go("mod", "init", component.sources ? `${module}/landfall` : `landfall.local/${component.name}`);
    const required = [...await requiredBeside(component), `${module}@${version}`].map(each => `-require=${each}`);
    const edits = [`-go=${theirs.Go}`, ...required, ...replaceLines(component, theirs)];
    await go("mod", "edit", ...edits);

    const packages = Object.values(component.programs);
    if (component.main) fs.writeFileSync(path.join(work, "main.go"), component.main);
    if (component.sources) fs.cpSync(path.join(__dirname, component.sources), work, { recursive: true });
    for (const [program, files] of Object.entries(component.embeds ?? {})) {
        for (const file of files) fs.copyFileSync(path.join(Dir, file), path.join(work, program, path.basename(file)));
    }
    if (component.main || component.sources) {
        await go("get", "./..."); // their imports come from the module and what that needs
    } else {
        await go("get", ...packages.map(name => `${name}@${version}`));
    }
    if (component.rewrites) await rewrite(component.rewrites, work, go);
    const values = Object.entries(component.values ?? {}).map(([name, value]) => `-X ${name}=${value}`);
    const ldflags = ["-s", "-w", ...values].join(" ");
    await go("build", "-trimpath", "-buildvcs=false", "-ldflags", ldflags, "-o", `${dir}${path.sep}`, ...packages);

    for (const [program, name] of Object.entries(component.programs)) {
        const built = component.main ? component.name : (name.replace(/\/v\d+$/, "").split("/").pop() as string);
        fs.renameSync(path.join(dir, built), path.join(dir, program));
    }
    fs.rmSync(work, { recursive: true });
}

/** Puts a copy of a module with the changed file in the module's place. */
async function rewrite(
    { module, file, changes }: NonNullable<GoComponent["rewrites"]>, work: string, go: (...args: string[]) => Promise<string>,
): Promise<void> {
    const { Dir } = JSON.parse(await go("list", "-m", "-json", module)) as Module;
    const copy = path.join(work, "changed");
    const text = changes.reduce((whole, [pattern, replacement]) => {
        const changed = whole.replace(new RegExp(pattern, "gm"), replacement);
        if (changed === whole) throw new Error(`${file} of ${module} has nothing like ${pattern}, which components.ts replaces.`);
        return changed;
    }, fs.readFileSync(path.join(Dir, file), "utf8"));
    await run("cp", ["-R", Dir, copy]);
    // Go makes its modules read-only.
    await run("chmod", ["-R", "u+w", copy]);
    fs.writeFileSync(path.join(copy, file), text);
    await go("mod", "edit", `-replace=${module}=./changed`);
}

/** The files of a component's own programs. */
function ownSources({ sources, programs }: GoComponent): string[] {
    return sources ? Object.values(programs).map(name => path.join(__dirname, sources, name, "main.go")) : [];
}

interface GoMod {
    Go: string;
    Require: { Path: string; Version: string }[];
    Replace?: { Old: { Path: string; Version?: string }; New: { Path: string; Version?: string } }[];
}

function replaceLines(component: GoComponent, theirs: GoMod): string[] {
    return (theirs.Replace ?? []).flatMap(({ Old, New }) => {
        const old = Old.Version ? `${Old.Path}@${Old.Version}` : Old.Path;
        if (New.Version) return [`-replace=${old}=${New.Path}@${New.Version}`];
        // A directory of their repository outside the module: use the module that it is published as.
        return component.staging ? [`-replace=${old}=${Old.Path}@${component.staging}`] : [];
    });
}

/** What `beside` adds. Go can't require a module in two versions: of another version of the component itself, its requirements are added. */
async function requiredBeside({ module, version, beside = {} }: GoComponent): Promise<string[]> {
    const lists = Object.entries(beside).map(async ([name, at]) => {
        if (name !== module) return [`${name}@${at}`];
        if (at === version) return [];
        const { Require } = await readModule((await downloadModule(name, at)).GoMod);
        return Require.map(each => `${each.Path}@${each.Version}`);
    });
    return (await Promise.all(lists)).flat();
}

async function readModule(file: string): Promise<GoMod> {
    return JSON.parse(await run("go", ["mod", "edit", "-json", file])) as GoMod;
}

interface Module {
    Dir: string;
    GoMod: string;
    Sum: string;
}

/** Directory of a module's files, downloaded if necessary. */
export async function downloadModule(
    module: string, version: string, env: Record<string, string> = {},
): Promise<Module> {
    return JSON.parse(await run("go", ["mod", "download", "-json", `${module}@${version}`], { env })) as Module;
}
