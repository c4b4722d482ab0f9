// The directories of volumes on a machine's own disk, which may have been lost with it.
import { shellQuote, task } from "./script.mjs";

const volume = "{.spec.hostPath.path}{.spec.local.path}";
const homes = "{.spec.nodeAffinity.required.nodeSelectorTerms[*].matchExpressions[*].values[*]}";

/** Run on a node of the control plane: prints where volumes are that the node has to itself, or shares with all. */
export function volumesTasks({ volumesDirectory }, { name }) {
    return [task(`List the volumes of ${name}`,
        `kubectl get persistentvolumes --output 'jsonpath={range .items[*]}${volume} ${homes}{"\\n"}{end}' \\`,
        `    | awk '$1 ~ "^${volumesDirectory}/" && (NF == 1 || $2 == "${name}") { print $1 }'`)];
}

/**
 * Run on the machine: a volume that was there before it was lost begins empty. The kubelet would make a directory that
 * none but root may write, or has done so.
 */
export function emptyVolumesTasks(directories) {
    return [task("Make the directories of volumes that were lost",
        `for directory in ${directories.map(shellQuote).join(" ")}; do`,
        `    mkdir -p "$directory"`,
        `    if [ -z "$(ls -A "$directory")" ]; then chmod 0777 "$directory"; fi`,
        `done`)];
}
