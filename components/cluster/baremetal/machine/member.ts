// @ts-nocheck
// Whether a machine is a node of the cluster.
import { task } from "./script";

/** Written when a machine has become a member, with its incarnation. */
export const memberFile = "/var/lib/landfall/member";

/** Where the control plane's manifests are while a snapshot is restored. */
export const stoppedManifests = "/var/lib/landfall/stopped-manifests";

/** Says whether anything is to be done: a member of this incarnation stays as it is. */
export function membershipProbe(incarnation) {
    return task("Look whether the machine is a member",
        // Where it can't be read nothing goes on: it would be taken for no member's.
        `member=`,
        `if [ -e ${memberFile} ]; then member=$(cat ${memberFile}); fi`,
        `if [ "$member" = ${incarnation} ]; then exit 0; fi`);
}
