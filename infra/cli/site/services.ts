import * as fs from "node:fs";
import * as path from "node:path";
import type { ServiceSettings, ServicesSettings } from "../../config";
import { isDatabase } from "../../compose/images";
import { volumeName } from "../../config/sections/service-files";
import { usesDatabase } from "../../services/limits";
import type { Terminal } from "../terminal";
import { UserError } from "../terminal/errors";
import { Counter } from "./counter";
import { inspectDump } from "./dump";
import { exchange, inPod, type Part, tablesPart } from "./exchange";
import { expectFree, exported, makeDirectory, save } from "./export";
import { findPod, type Pod } from "./pod";
import type { StandingStack } from "./stack";
import { openUploads } from "./uploads";

/** A volume of a service. */
interface Volume {
    service: string;
    directory: string;
    /** The archive of its files, in an export. */
    archive: string;
    /** Paths in it at which services see something else: another volume, or a file of the stack. */
    covered: string[];
}

/**
 * The volumes whose files can be copied while they are in use, each in the pods of its owner. A job has no pod that stays: its volume is
 * copied in the pods of another service that has it.
 */
function volumesOf(app: ServicesSettings): Volume[] {
    return allVolumesOf(app).flatMap(({ users, ...volume }) => users.length === 0 ? [] : [{ ...volume, ...users[0] }]);
}

/** The same, and those that only jobs have. A shared one is listed under its owner. */
function allVolumesOf(app: ServicesSettings): (Volume & { users: Pick<Volume, "service" | "directory">[] })[] {
    const seen = Object.entries(app.services).flatMap(([service, settings]) => Object.entries(settings.volumes).map(([directory, volume]) => ({
        service, directory, of: volume.of, archive: `${volume.of ?? service}-${volumeName(directory, volume)}.tar.gz`,
        isDatabases: isDatabaseService(settings), covered: coveredIn(directory, settings), stays: !settings.job,
    })));
    const own = seen.filter(({ of, archive }) => of === undefined && !seen.some(each => each.archive === archive && each.isDatabases));
    return own.map(({ service, directory, archive }) => {
        const all = seen.filter(each => each.archive === archive).sort((one, other) => Number(one.of !== undefined) - Number(other.of !== undefined));
        const users = all.filter(({ stays }) => stays).map(user => ({ service: user.service, directory: user.directory }));
        return { service, directory, archive, covered: [...new Set(all.flatMap(({ covered }) => covered))], users };
    });
}

/** What of a service's is mounted below a directory, relative to it. */
function coveredIn(directory: string, { volumes, ephemeral, files, secrets }: ServiceSettings): string[] {
    const secretDirectories = Object.keys(secrets).filter(place => place.startsWith("/")).map(place => path.posix.dirname(place));
    return [...Object.keys(volumes), ...Object.keys(ephemeral), ...Object.keys(files), ...secretDirectories]
        .filter(place => place.startsWith(`${directory}/`)).map(place => place.slice(directory.length + 1));
}

function isDatabaseService({ image }: ServiceSettings): boolean {
    return image !== undefined && isDatabase(image);
}

/** The database servers among the services: a copy of their files would be inconsistent. */
function databasesOf(app: ServicesSettings): string[] {
    return Object.entries(app.services).filter(([, service]) => isDatabaseService(service) && Object.keys(service.volumes).length > 0).map(([name]) => name);
}

function tellOthers(app: ServicesSettings, stack: string, terminal: Terminal): void {
    for (const { service, directory } of allVolumesOf(app).filter(({ users }) => users.length === 0)) {
        terminal.line(`  ! ${service}'s files in ${directory} are left out: ${service} is a job, and no service whose pods stay has the volume`);
    }
    for (const name of databasesOf(app)) {
        terminal.line(`  ! ${name} is left out: a copy of a running database's files would be inconsistent. Use its own tools: npm run shell -- ${name} --stack ${stack}`);
    }
}

/** Writes the stack's own database and the files in the services' volumes to a new directory. */
export async function exportServices(
    { name, kubeconfig, settings }: StandingStack, app: ServicesSettings, directory: string, terminal: Terminal, signal: AbortSignal,
): Promise<void> {
    const volumes = volumesOf(app);
    if (volumes.length === 0 && !usesDatabase(app)) {
        tellOthers(app, name, terminal);
        throw new UserError(`The services of the stack "${name}" have nothing${databasesOf(app).length > 0 ? " else" : ""} to export: no volumes, and none has database: true. Nothing was written.`);
    }
    expectFree(directory);
    const find = (workload: string): Promise<Pod> => findPod(kubeconfig, settings.environment.name, workload);
    const database = usesDatabase(app) ? await find("database") : undefined;
    const pods = await Promise.all(volumes.map(({ service }) => find(service)));
    makeDirectory(directory);
    if (database) await save(database, ["export-database"], [0], path.join(directory, exported.database), terminal, signal);
    for (const [index, { directory: from, archive, covered }] of volumes.entries()) {
        // tar exits with 1 if a file changes meanwhile. Names that begin with a dot belong to an import.
        const without = [".landfall-*", "lost+found", ...covered].map(each => `--exclude=./${each}`);
        await save(pods[index], ["tar", "-czf", "-", "-C", from, ...without, "."],
            [0, 1], path.join(directory, archive), terminal, signal);
    }
    tellOthers(app, name, terminal);
}

interface ServicesImport {
    /** What an export has written. */
    directory?: string;
    /** File of SQL, instead. */
    database?: string;
    /** Whether existing content may be replaced. */
    yes: boolean;
}

/** Replaces the stack's own database and the files in the services' volumes, as far as the export has them. */
export async function importServices(
    { name, kubeconfig, settings }: StandingStack, app: ServicesSettings, { directory, database, yes }: ServicesImport, terminal: Terminal, signal: AbortSignal,
): Promise<void> {
    if (directory !== undefined && !fs.existsSync(directory)) throw new UserError(`There is no directory ${directory}. Nothing was changed.`);
    const inExport = (file: string): string | undefined => {
        const found = directory !== undefined && path.join(directory, file);
        return found && fs.existsSync(found) ? found : undefined;
    };
    const sql = database ?? inExport(exported.database);
    const volumes = volumesOf(app).flatMap(volume => { const file = inExport(volume.archive); return file === undefined ? [] : [{ ...volume, file }]; });
    if (sql !== undefined && !usesDatabase(app)) throw new UserError(`${sql} can't be loaded: no service of the stack "${name}" has database: true. Nothing was changed.`);
    if (sql === undefined && volumes.length === 0) {
        const known = [...usesDatabase(app) ? [exported.database] : [], ...volumesOf(app).map(({ archive }) => archive)];
        throw new UserError(`${directory} has nothing of the stack "${name}": ${known.length === 0 ? "its services have neither volumes nor database: true" : `expected ${known.join(" or ")}`}. Nothing was changed.`);
    }
    // Bad input is refused before the cluster is contacted.
    const dump = sql === undefined ? undefined : await inspectDump(sql);
    for (const { file } of volumes) await expectWhole(file);
    if (!yes) {
        const replaced = [...dump ? ["the database"] : [], ...volumes.map(({ service, directory: at }) => `${service}'s files in ${at}`)];
        throw new UserError(`The import replaces ${replaced.join(", ")}. If you need that, export it first; then add --yes. Nothing was changed.`);
    }
    const find = (workload: string): Promise<Pod> => findPod(kubeconfig, settings.environment.name, workload);
    const parts = [
        ...dump ? [tablesPart(await find("database"), dump, terminal, signal)] : [],
        ...await Promise.all(volumes.map(async volume => { await find(volume.service); return filesPart(volume, () => find(volume.service), terminal, signal); })),
    ];
    await exchange(parts, terminal, signal, {
        what: "content", undo: "run `import-database undo` in the database's pod, and move back what is in .landfall-leaving or .landfall-before of each volume",
    });
    const missing = volumesOf(app).filter(({ archive }) => directory !== undefined && inExport(archive) === undefined);
    for (const { service, directory: at, archive } of missing) terminal.line(`  ! ${service}'s files in ${at} stay as they are: there is no ${archive}`);
    tellOthers(app, name, terminal);
}

/** @throws if the archive can't be read to its end */
async function expectWhole(file: string): Promise<void> {
    for await (const _ of openUploads(file)()) { /* only read */ }
}

/**
 * Works with the tools of any image, also BusyBox's. Files move within the volume, so the exchange is instant. Files that the
 * application writes meanwhile are replaced. What is mounted within the volume isn't the volume's, and stays where it is.
 */
const program = `set -eu
directory=$2 covered=" $4 " import=$2/.landfall-import leaving=$2/.landfall-leaving before=$2/.landfall-before
# From one directory to another; the third argument is their path in the volume.
move() {
    for each in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        [ -e "$each" ] || [ -L "$each" ] || continue
        name=\${each##*/}
        case $name in .landfall-* | lost+found) continue ;; esac
        case $covered in
            *" $3$name "*) continue ;;
            *" $3$name/"*)
                mkdir -p "$2/$name"
                (move "$each" "$2/$name" "$3$name/")
                rmdir "$each" 2>/dev/null || :
                continue ;;
        esac
        rm -rf "$2/$name"
        mv "$each" "$2/"
    done
}
case $1 in
    load) rm -rf "$import" "$leaving" "$before"; mkdir "$import"; head -c "$3" | tar -xpzf - -C "$import" ;;
    swap) mkdir "$leaving"; move "$directory" "$leaving" ""; mv "$leaving" "$before"; move "$import" "$directory" "" ;;
    undo)
        if [ -d "$leaving" ]; then move "$leaving" "$directory" ""; rmdir "$leaving"
        elif [ -d "$before" ]; then move "$directory" "$import" ""; move "$before" "$directory" ""; rmdir "$before"; fi ;;
    drop) rm -rf "$import" "$leaving" "$before" ;;
esac`;

function filesPart(
    { service, directory, covered, file }: Volume & { file: string }, find: () => Promise<Pod>, terminal: Terminal, signal: AbortSignal,
): Part {
    // A pod may be replaced meanwhile; all pods of the service share the volume.
    const run = (action: string, bytes = 0) => async (input?: AsyncIterable<Buffer>, stop?: AbortSignal) =>
        inPod(await find(), ["sh", "-c", program, "sh", action, directory, String(bytes), covered.join(" ")], stop, input);
    return {
        async load() {
            const counter = new Counter(file);
            const end = terminal.watch(counter.status);
            await run("load", fs.statSync(file).size)(counter.counting(fs.createReadStream(file)), signal).finally(end);
            terminal.line(`  ✓ ${file} unpacked beside ${service}'s files, ${counter.size}`);
        },
        exchange: () => run("swap")(),
        undo: () => run("undo")(),
        drop: () => run("drop")(),
    };
}
