import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { groupLabel } from "../workload/labels";

/**
 * A volume's directory: `<namespace>/<claim>_<stack>_<group>_<volume>`. It is unique to the volume, so deleting an old
 * volume can't delete the data of a recreated claim. Kubernetes names never contain `_`. The group comes from a label,
 * because an annotation may contain slashes and so any path. A StorageClass can't be changed, so the pattern is the same for
 * every cluster of the stack. The file `.cluster_<directory>` next to a directory names the cluster that created it.
 */
export function pathPattern(): string {
    const stack = createHash("sha256").update(`${pulumi.getProject()}/${pulumi.getStack()}`).digest("hex").slice(0, 8);
    return `{{ .PVC.Namespace }}/{{ .PVC.Name }}_${stack}_{{ index .PVC.Labels "${groupLabel}" }}_{{ .PVName }}`;
}

/**
 * Creates VOL_DIR. A claim finds the data that a claim of its name had in an earlier cluster of this stack. Landfall's first
 * versions named directories `<namespace>/<claim>`. Only root and the pods' group have access. Some shares, such as NFS with
 * root_squash, don't allow changing a directory's group: there, the namespace's directory keeps others out.
 * @param incarnation distinguishes this cluster from earlier ones
 */
export const setup = (incarnation = "none"): string => `#!/bin/sh
set -eu
cluster=${incarnation}
cd "\${VOL_DIR%/*}"
volume=\${VOL_DIR##*/}
rest=\${volume%_*}
group=\${rest##*_}
owner=\${rest%_*}
claim=\${owner%_*}
if [ ! -e "$volume" ]; then
    printf '%s' "$cluster" >".cluster_$volume"
    for left in $(ls -dt "$claim" "$owner"_* 2>/dev/null); do
        if [ "$(cat ".cluster_$left" 2>/dev/null)" = "$cluster" ]; then continue; fi
        mv "$left" "$volume"
        rm -f ".cluster_$left"
        break
    done
fi
mkdir -p "$volume"
if [ -n "$group" ] && chgrp "$group" "$volume"; then chmod 0770 "$volume"; else chmod 0777 "$volume"; fi
chmod 0700 . || true
`;

/** Deletes VOL_DIR. Renames it first, so that no claim takes over a half-deleted directory. */
export const teardown = `#!/bin/sh
set -eu
directory=\${VOL_DIR##*/}
gone="\${VOL_DIR%/*}/.deleted_$directory"
if [ -e "$VOL_DIR" ]; then mv "$VOL_DIR" "$gone"; fi
rm -rf "$gone" "\${VOL_DIR%/*}/.cluster_$directory"
`;
