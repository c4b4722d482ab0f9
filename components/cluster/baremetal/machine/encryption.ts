// The keys that encrypt Secrets in etcd. Only control-plane nodes store them.
import { encryptionConfig } from "../../encryption";
import { restartProgram } from "./control-plane";
import { etcdctl } from "./etcd";
import { apiFiles } from "./kubeadm";
import { type Task, task } from "./script";

/** Creates a new cluster's first key, unless a snapshot has brought one. */
export const firstKeyTask = task("Create the key that encrypts Secrets at rest",
    `if [ ! -e ${apiFiles.encryption} ]; then`,
    `    key=$(head -c 32 /dev/urandom | base64 --wrap=0)`,
    `    (umask 077; cat > ${apiFiles.encryption} <<LANDFALL_END`,
    // Bash fills in the value, so the key never leaves the control-plane nodes.
    JSON.stringify(encryptionConfig([{ name: "key1", secret: "$key" }]), undefined, 2),
    `LANDFALL_END`,
    `    )`,
    `fi`);

/** Prints the configuration with its keys. The script that asks keeps them in memory only. */
export const readKeysTasks = [task("Read the encryption keys", `cat ${apiFiles.encryption}`)];

export const makeKeyTasks = [task("Create an encryption key", `head -c 32 /dev/urandom | base64 --wrap=0`)];

/** Needs the value CONFIG. Restarts the API server unless it has started since the file was written. */
export const useKeysTasks = [
    task("Write the encryption keys",
        `if [ "$(cat ${apiFiles.encryption})" != "$CONFIG" ]; then`,
        `    (umask 077; printf '%s\\n' "$CONFIG" > ${apiFiles.encryption}.landfall)`,
        `    sync ${apiFiles.encryption}.landfall`,
        `    mv ${apiFiles.encryption}.landfall ${apiFiles.encryption}`,
        `fi`),
    task("Restart the API server with the new keys", restartProgram),
];

/** Runs on one node: rewrites every Secret that isn't encrypted with this key yet. */
export function rewriteTasks(key: string): Task[] {
    return [task("Encrypt all Secrets with the new key",
        etcdctl,
        `stale() {`,
        `    etcdctl get /registry/secrets/ --prefix --write-out fields | awk -v wanted='"Value" : "k8s:enc:secretbox:v1:${key}:' '`,
        `        /^"Key" : / { split($3, part, "/") }`,
        `        /^"Value" : / && index($0, wanted) != 1 { sub("\\"", "", part[5]); print part[4], part[5] }'`,
        `}`,
        // A Secret that somebody else changes meanwhile fails here; the next round finds it if it is still stale.
        `for _ in 1 2 3 4 5; do`,
        `    for namespace in $(stale | cut -d ' ' -f 1 | sort -u); do`,
        `        kubectl get secrets --namespace "$namespace" --output json | kubectl replace --filename - >/dev/null 2>&1 || true`,
        `    done`,
        `    left=$(stale)`,
        `    if [ -z "$left" ]; then break; fi`,
        `done`,
        `[ -z "$left" ] || { printf 'These Secrets could not be encrypted with the new key:\\n%s\\n' "$left" >&2; exit 1; }`)];
}
