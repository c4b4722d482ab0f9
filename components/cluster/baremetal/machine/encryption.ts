// @ts-nocheck
// The keys that encrypt secrets at rest. They are on the nodes of the control plane alone.
import { etcdctl } from "./etcd";
import { apiFiles } from "./kubeadm";
import { restartProgram } from "./restart";
import { task } from "./script";

/** Prints the configuration with its keys: for the memory of the script that asks, and for nothing else. */
export const readKeysTasks = [task("Read the keys", `cat ${apiFiles.encryption}`)];

export const makeKeyTasks = [task("Make a key", `head -c 32 /dev/urandom | base64 --wrap=0`)];

/** Expects the value CONFIG. The API server is restarted only if it has not started since the file was written. */
export const useKeysTasks = [
    task("Write the keys",
        `if [ "$(cat ${apiFiles.encryption})" != "$CONFIG" ]; then`,
        `    (umask 077; printf '%s\\n' "$CONFIG" > ${apiFiles.encryption}.landfall)`,
        `    sync ${apiFiles.encryption}.landfall`,
        `    mv ${apiFiles.encryption}.landfall ${apiFiles.encryption}`,
        `fi`),
    task("Have the API server use them", restartProgram),
];

/** Run on one node: writes every secret again that is not encrypted with this key yet. */
export function rewriteTasks(key) {
    return [task("Encrypt all secrets with the new key",
        etcdctl,
        `stale() {`,
        `    etcdctl get /registry/secrets/ --prefix --write-out fields | awk -v wanted='"Value" : "k8s:enc:secretbox:v1:${key}:' '`,
        `        /^"Key" : / { split($3, part, "/") }`,
        `        /^"Value" : / && index($0, wanted) != 1 { sub("\\"", "", part[5]); print part[4], part[5] }'`,
        `}`,
        // What is written or deleted by others meanwhile fails here, and is fine or met again in the next round.
        `for _ in 1 2 3 4 5; do`,
        `    for namespace in $(stale | cut -d ' ' -f 1 | sort -u); do`,
        `        kubectl get secrets --namespace "$namespace" --output json | kubectl replace --filename - >/dev/null 2>&1 || true`,
        `    done`,
        `    left=$(stale)`,
        `    if [ -z "$left" ]; then break; fi`,
        `done`,
        `[ -z "$left" ] || { printf 'These secrets could not be written again:\\n%s\\n' "$left" >&2; exit 1; }`)];
}
