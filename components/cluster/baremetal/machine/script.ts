// @ts-nocheck
// How a list of tasks becomes what a machine is told.
import { patiently } from "./packages";

/**
 * A task: its `name`, said where it fails, and the `script` (bash) that does it. Scripts first look whether there is
 * anything to do, so that all may be run again.
 */
export function task(name, ...lines) {
    return { name, script: lines.flat().join("\n") };
}

/**
 * The tasks as one script for `bash -s`, which reads all of it before it begins, so that no task takes the rest for its
 * input; the tasks may call `patiently` (packages.ts). `values` are shell variables, the place for what is minted for one run. One script at a time works on a machine;
 * one that only `looks` waits for none.
 */
export function renderScript(tasks, values = {}, { looks = false } = {}) {
    const variables = Object.entries(values).map(([name, value]) => `${name}=${shellQuote(value)}`);
    return [
        "main() {",
        prelude,
        ...(tasks.some(({ script }) => /\bpatiently /.test(script)) ? [patiently] : []),
        ...(looks ? [] : [alone]),
        ...variables,
        ...tasks.map(({ name, script }) => `\nbegin ${shellQuote(name)}\n${script}`),
        "}",
        "main </dev/null",
        "",
    ].join("\n");
}

const prelude = `set -euo pipefail
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export KUBECONFIG=/etc/kubernetes/admin.conf KUBECACHEDIR=/run/landfall-kubectl
begin() { task=$1; }
trap 'code=$?; [ "$code" -eq 0 ] || echo "landfall: failed: $task" >&2' EXIT`;

const alone = `begin 'Wait for another run on this machine'
exec 9>/run/landfall.lock
flock --wait 600 9`;

/** The names of the tasks, one a line, as they are printed before anything is done. */
export function renderList(title, tasks) {
    return `${title}\n${tasks.map(({ name }, index) => `  ${index + 1}. ${name}\n`).join("")}`;
}

export function shellQuote(value) {
    return `'${String(value).replaceAll("'", `'\\''`)}'`;
}

/** Writes a file whole or not at all; tells by `changed=1` whether its content was another. */
export function writeFile(file, content, { mode = "0644" } = {}) {
    const mark = "LANDFALL_END";
    return `install -d "$(dirname ${file})"
cat > ${file}.landfall <<'${mark}'
${content.trimEnd()}
${mark}
chmod ${mode} ${file}.landfall
if cmp -s ${file}.landfall ${file}; then rm ${file}.landfall; else mv ${file}.landfall ${file}; changed=1; fi`;
}
