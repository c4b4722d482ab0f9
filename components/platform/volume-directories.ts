import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { groupLabel } from "../workload/labels";

/**
 * A volume's directory: `<namespace>/<claim>_<stack>_<group>_<volume>`. No two volumes have the same, so what deletes an
 * old one can't meet the data of a claim that was made again under its name. No name of Kubernetes' has a `_`. The group
 * comes from a label: an annotation may hold slashes, and with them any path. A class can't be changed, so the pattern is
 * the same for every cluster of the stack; which one made a directory is in a file beside it, `.cluster_<directory>`.
 */
export function pathPattern(): string {
    const stack = createHash("sha256").update(`${pulumi.getProject()}/${pulumi.getStack()}`).digest("hex").slice(0, 8);
    return `{{ .PVC.Namespace }}/{{ .PVC.Name }}_${stack}_{{ index .PVC.Labels "${groupLabel}" }}_{{ .PVName }}`;
}

/**
 * Makes VOL_DIR. A claim finds the data again that one of its name had in an earlier cluster of this stack; directories
 * of Landfall's first versions are named `<namespace>/<claim>` alone. Nobody but root and the pods' group gets in. Some
 * shares, such as NFS with root_squash, let no directory be given away: then the namespace's directory keeps others out.
 * @param incarnation tells this cluster from earlier ones
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

/** Deletes VOL_DIR. Renamed first, so that no claim takes over what is half deleted. */
export const teardown = `#!/bin/sh
set -eu
directory=\${VOL_DIR##*/}
gone="\${VOL_DIR%/*}/.deleted_$directory"
if [ -e "$VOL_DIR" ]; then mv "$VOL_DIR" "$gone"; fi
rm -rf "$gone" "\${VOL_DIR%/*}/.cluster_$directory"
`;
