// @ts-nocheck
// The directories of volumes on a machine's own disk, which may have been lost with it.
import { shellQuote, task } from "./script";

const volume = "{.spec.hostPath.path}{.spec.local.path}";
const homes = "{.spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values[*]}";

/** Run on a node of the control plane: prints where volumes are that the node has to itself, or shares with all. */
export function volumesTasks({ volumesDirectory }, { name }) {
    return [task(`List the volumes of ${name}`,
        `kubectl get persistentvolumes --output 'jsonpath={range .items[*]}${volume} ${homes}{"\\n"}{end}' \\`,
        `    | awk '$1 ~ "^${volumesDirectory}/" && (NF == 1 || $2 == "${name}") { print $1 }'`)];
}

/** Nobody but root looks into the machine's volumes, whoever may write into each; pods get theirs mounted. */
export const closeVolumes = directory => `install -d -m 0700 ${directory}`;

/**
 * Run on the machine: a volume that was there before it was lost begins empty. The kubelet would make a directory that
 * none but root may write, or has done so. Its name says which group does (components/platform/storage.ts).
 */
export function emptyVolumesTasks(directories) {
    return [task("Make the directories of volumes that were lost",
        `for directory in ${directories.map(shellQuote).join(" ")}; do`,
        `    mkdir -p "$directory"`,
        `    [ -z "$(ls -A "$directory")" ] || continue`,
        `    group=$(sed -nE 's/.*_([0-9]+)_[^_]*$/\\1/p' <<<"$directory")`,
        `    if [ -n "$group" ] && chgrp "$group" "$directory"; then chmod 0770 "$directory"; else chmod 0777 "$directory"; fi`,
        `    chmod 0700 "$(dirname "$directory")"`,
        `done`)];
}
