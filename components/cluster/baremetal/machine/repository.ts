// @ts-nocheck
// The restic repository in which snapshots are kept.
import { noteNewPackages, notePackages } from "./packages";
import { shellQuote, task } from "./script";

/** Tells these snapshots from whatever else people keep in the repository. */
export const tag = "landfall-etcd";

/** restic without a cache, which would stay on the machine. */
export const restic = "restic --no-cache --quiet";

/** What restic is told, as lines of a shell; `environment` has lines NAME=value. */
export function exportLines({ repository, password, environment = "" }) {
    const given = environment.split("\n").map(line => line.trim()).filter(line => line && !line.startsWith("#"))
        .map(line => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
    return [["RESTIC_REPOSITORY", repository], ["RESTIC_PASSWORD", password], ...given]
        .map(([name, value]) => `export ${name}=${shellQuote(value)}`);
}

/** A directory on which nothing is mounted is the machine's own disk, which is lost with it. */
export const checkApart = `check_apart() {
    local at=$RESTIC_REPOSITORY
    case "$at" in /*) ;; *) return ;; esac
    while [ ! -e "$at" ]; do at=$(dirname "$at"); done
    case "$(findmnt --noheadings --output TARGET --target "$at")" in
        /|"$(findmnt --noheadings --output TARGET --target /var/lib/landfall)") ;;
        *) return ;;
    esac
    echo "$RESTIC_REPOSITORY is on this machine's own disk, and would be lost with it: mount it from elsewhere." >&2
    exit 1
}`;

export const resticTask = task("Install restic",
    `if ! command -v restic >/dev/null; then`,
    notePackages,
    `    patiently apt-get install --quiet --yes --no-install-recommends restic || {`,
    `        [ $? -eq 75 ] || echo "restic is neither here nor to be had: the bundle lacks its package." >&2`,
    `        exit 1`,
    `    }`,
    noteNewPackages,
    `fi`);

/** Makes the repository if there is none, and looks whether its password is the one that is given. */
export function openTasks(settings) {
    return [resticTask, task("Open the repository of snapshots",
        checkApart,
        ...exportLines(settings),
        `check_apart`,
        `if ! said=$(timeout 120 ${restic} cat config 2>&1 >/dev/null); then`,
        `    case "$said" in`,
        `        *"wrong password"*)`,
        `            echo "landfall:cluster.snapshots.password does not open $RESTIC_REPOSITORY." >&2`,
        `            exit 1 ;;`,
        `        *"does not exist"*|*"unable to open config file"*) timeout 120 ${restic} init >/dev/null ;;`,
        `        *)`,
        `            echo "$RESTIC_REPOSITORY can't be opened. restic says: $said" >&2`,
        `            exit 1 ;;`,
        `    esac`,
        `fi`)];
}

/** Prints the repository's snapshots as JSON. */
export function listTasks(settings) {
    return [resticTask, task("List the snapshots",
        ...exportLines(settings),
        `timeout 120 ${restic} snapshots --no-lock --json --tag ${tag}`)];
}
