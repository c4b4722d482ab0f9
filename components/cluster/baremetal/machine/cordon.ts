// @ts-nocheck
// Keeps new pods away from a node that is worked on. The cluster remembers that it was us, and what for: so a run that
// comes after an interrupted one ends it, and a node that a person has cordoned stays so.
import { task } from "./script";

const annotation = "landfall.dev/cordoned";

/** Run on the control plane: no new pods for the node, for this reason (one word). */
export function cordonTasks(name, reason) {
    return [task(`Cordon ${name}`,
        readMark(name),
        `cordoned=$(kubectl get node ${name} --output 'jsonpath={.spec.unschedulable}')`,
        `if [ -n "$mark" ] || [ "$cordoned" != true ]; then`,
        `    kubectl annotate node ${name} --overwrite ${annotation}=${reason} >/dev/null`,
        `    kubectl cordon ${name} >/dev/null`,
        `fi`)];
}

/** Run on the control plane: lets pods come again, once the tasks between are done, if the node was cordoned for this. */
export function uncordonTasks(name, reason, between = []) {
    return [
        task(`Look whether ${name} was cordoned for this`,
            readMark(name),
            `if [ "$mark" != ${reason} ]; then exit 0; fi`),
        ...between,
        task(`Let pods come to ${name}`,
            `kubectl uncordon ${name} >/dev/null`,
            `kubectl annotate node ${name} ${annotation}- >/dev/null`),
    ];
}

function readMark(name) {
    return `mark=$(kubectl get node ${name} --output 'jsonpath={.metadata.annotations.landfall\\.dev/cordoned}')`;
}
